import { expect, test } from "vitest";

import type { Operation, Worker, WorkerList } from "../api/types";
import { mayMove, merge, patchList, patchOperations, patchWorker, type WorkerUpdate } from "./patches";

const worker = (id: string, version = 1) =>
  ({ id, version, name: id, health: "ready", monitoring: { active: true, next_refresh_at: "soon" } }) as unknown as Worker;
const update = (id: string, version: number, changes: Partial<Worker>): WorkerUpdate => ({ id, version, changes });

test("only what changed is replaced, and the version with it", () => {
  expect(patchWorker(worker("a"), update("a", 2, { health: "degraded" }))).toMatchObject({
    name: "a",
    health: "degraded",
    version: 2,
  });
});

test("what is as new or newer stays the same object", () => {
  const known = worker("a", 5);
  expect(patchWorker(known, update("a", 5, { health: "off" }))).toBe(known);
  expect(patchWorker(known, undefined)).toBe(known);
});

test("the next refresh stays known, which the stream does not tell", () => {
  const patched = patchWorker(worker("a"), update("a", 2, { monitoring: { active: true, next_refresh_at: null } }));
  expect(patched.monitoring.next_refresh_at).toBe("soon");
});

test("rows keep their places, and a list without a change is the same list", () => {
  const list: WorkerList = { items: [worker("b"), worker("a")], next_cursor: null, total: 2 };
  const patched = patchList(list, new Map([["a", update("a", 2, { name: "0" })]]));
  expect(patched.items.map((each) => each.name)).toEqual(["b", "0"]);
  expect(patched.items[0]).toBe(list.items[0]);
  expect(patchList(list, new Map([["c", update("c", 2, {})]]))).toBe(list);
});

test("updates of one worker merge field by field", () => {
  const merged = merge(update("a", 2, { health: "off", name: "x" }), update("a", 3, { health: "ready" }));
  expect(merged).toEqual(update("a", 3, { health: "ready", name: "x" }));
});

test("a new worker may move rows, and so may what the list is sorted by", () => {
  const fields = new Set(["health"]);
  expect(mayMove(update("a", 1, { created_at: "now" }), fields)).toBe(true);
  expect(mayMove(update("a", 2, { health: "off" }), fields)).toBe(true);
  expect(mayMove(update("a", 2, { cpu_utilization: 5 }), fields)).toBe(false);
});

test("an operation keeps what was read of its items; a new one comes first", () => {
  const known = { id: "o-1", done: 1, items: [{ worker_id: "a", state: "done", detail: null }] } as unknown as Operation;
  const news = { id: "o-1", done: 2 } as unknown as Omit<Operation, "items">;
  expect(patchOperations([known], news)).toEqual([{ id: "o-1", done: 2, items: known.items }]);
  const other = { id: "o-2" } as unknown as Omit<Operation, "items">;
  expect(patchOperations([known], other).map((each) => each.id)).toEqual(["o-2", "o-1"]);
});
