import { describe, expect, test } from "vitest";

import { apiQuery, decisiveFields, readState, writeState } from "./fleet-url";

const NOW = Date.parse("2026-11-24T12:34:56Z");
const state = (address: string) => readState(new URLSearchParams(address));

describe("the address and the state are each other's image", () => {
  test.each([
    "q=bgp",
    "status=running%2Cstopped&region=us-east-1&sort=-cpu_utilization&page=3",
    "cpu_utilization.gt=80&nodes_idle_since.lt=2026-11-24T00%3A00%3A00Z",
    "label=team%3Dblue&label=course%3Dbgp",
    "name.ne=%3Cb%3Ex%3C%2Fb%3E",
  ])("%s", (address) => {
    expect(writeState(new URLSearchParams(), state(address)).toString()).toBe(address);
  });

  test("what is not the list's stays in the address", () => {
    const written = writeState(new URLSearchParams("tab=labs&q=old&selected=w-1"), { ...state(""), q: "new" });
    expect(written.toString()).toBe("q=new&tab=labs&selected=w-1");
  });

  test("nonsense is left out or put right", () => {
    expect(state("page=-1&nonsense=1&x.gtx=2&status=")).toEqual({ q: "", tokens: [], sort: "name", page: 1 });
  });
});

describe("what the service is asked", () => {
  test("the service's own attention links are its own parameters", () => {
    const asked = apiQuery(state("status=running&nodes_idle_since.lt=2026-11-24T00:00:00Z"), 25, NOW);
    expect(asked).toBe("status=running&nodes_idle_since.lt=2026-11-24T00%3A00%3A00Z&sort=name&limit=25&offset=0");
  });

  test("a time such as 15m is that long ago, to the minute, so that the question stays the same for one", () => {
    expect(apiQuery(state("license_expires_at.lt=in+1h"), 25, NOW)).toContain("license_expires_at.lt=2026-11-24T13%3A34%3A00.000Z");
    expect(apiQuery(state("last_refreshed_at.lt=15m"), 25, NOW)).toContain("last_refreshed_at.lt=2026-11-24T12%3A19%3A00.000Z");
  });

  test("a name that looks like an age is a name", () => {
    expect(apiQuery(state("name.eq=15m"), 25, NOW)).toContain("name.eq=15m");
  });

  test("a page is a stretch of the list", () => {
    expect(apiQuery(state("page=4"), 50, NOW)).toContain("limit=50&offset=150");
  });
});

test("rows may move by the fields that are sorted and filtered by alone", () => {
  expect(decisiveFields(state("sort=-license_expires_at&health=ready&label=a"))).toEqual(
    new Set(["cml_license", "health", "labels"]),
  );
});
