import { expect, test } from "vitest";

import { actionWords, auditQuery, auditWords } from "./audit";

test("what was done is told in words", () => {
  expect(actionWords("UpdateWorkerCommand")).toBe("Update worker");
  expect(actionWords("GET /api/v1/workers")).toBe("GET /api/v1/workers");
  expect(auditWords({ request: { worker_id: "w-1", note: null } })).toBe("worker id w-1");
  const same = { what: "user", before: { name: "ann" }, after: { name: "ann" } };
  expect(auditWords({ changes: [same], request: {} })).toBe("User: saved");
  const changes = [{ what: "user", before: { role: "viewer" }, after: { role: "admin" } }];
  expect(auditWords({ changes, request: {} })).toBe("User: role viewer → admin");
});

test("a period is that long ago; days that were chosen are asked for as they are", () => {
  const none = { actor: "", action: "", worker_id: "", result: "refused", period: "", from: "", to: "" };
  const now = Date.parse("2026-11-24T12:00:00Z");
  expect(auditQuery(none, now)).toEqual({ result: "refused" });
  expect(auditQuery({ ...none, period: "24h" }, now)).toEqual({ result: "refused", from: "2026-11-23T12:00:00.000Z" });
  const chosen = { ...none, from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" };
  expect(auditQuery(chosen, now)).toEqual({ result: "refused", from: chosen.from, to: chosen.to });
});
