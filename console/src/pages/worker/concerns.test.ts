import { expect, test } from "vitest";

import type { Worker } from "../../api/types";
import { concernsOf } from "./concerns";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const CALM = {
  status: "running",
  cml_license: { expires_at: "2026-12-24T12:00:00Z" },
  nodes_idle_since: "2026-11-24T11:00:01Z",
  cost_per_hour_usd: 6.144,
  disk_utilization: 89.9,
} as unknown as Worker;
const wordsOf = (change: object) => concernsOf({ ...CALM, ...change }, NOW).map(({ words }) => words);

test("a worker that needs nobody is named for nothing", () => {
  expect(wordsOf({})).toEqual([]);
  expect(wordsOf({ cml_license: null, nodes_idle_since: null, disk_utilization: null })).toEqual([]);
});

test("a licence that lapses within 30 days is told of with its day, one that has lapsed as such", () => {
  expect(wordsOf({ cml_license: { expires_at: "2026-12-03T11:00:00Z" } })).toEqual([
    expect.stringMatching(/^The licence expires in 8 d 23 h, on .*2026/),
  ]);
  expect(wordsOf({ cml_license: { expires_at: "2026-11-23T12:00:00Z" } })).toEqual([
    expect.stringMatching(/^The licence has expired on .*2026/),
  ]);
});

test("an hour without any node is told of with what it cost", () => {
  expect(wordsOf({ nodes_idle_since: "2026-11-24T03:00:00Z" })).toEqual([
    "No node has run for 9 h, which cost $55.30 at list price.",
  ]);
  expect(wordsOf({ nodes_idle_since: "2026-11-24T03:00:00Z", cost_per_hour_usd: null })).toEqual(["No node has run for 9 h."]);
});

test("a disk is told of from 90 %, and no worker that is off is named", () => {
  expect(wordsOf({ disk_utilization: 99.7 })).toEqual(["The disk is 99 % full."]);
  expect(wordsOf({ disk_utilization: 99.7, status: "stopped" })).toEqual([]);
});
