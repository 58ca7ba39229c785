import { expect, test } from "vitest";

import { rowKeys } from "./row-keys";

const NONE = new Map<string, string>();
const workers = (...ids: string[]) => ids.map((id) => ({ id }));

test("workers that stay keep their rows, and those that come take the rows of those that leave", () => {
  const before = rowKeys(NONE, workers("a", "b", "c"));
  const after = rowKeys(before, workers("d", "c", "a"));
  expect(after.get("a")).toBe(before.get("a"));
  expect(after.get("c")).toBe(before.get("c"));
  expect(after.get("d")).toBe(before.get("b"));
});

test("no two workers have one row, however many come and go", () => {
  let keys = rowKeys(NONE, workers("a", "b", "c", "d"));
  for (const shown of [["c"], ["c", "e", "f"], [], ["a", "c"], ["g", "a", "h", "c", "i"]]) {
    keys = rowKeys(keys, workers(...shown));
    expect(new Set(keys.values()).size).toBe(shown.length);
    expect([...keys.keys()]).toEqual(shown);
  }
});
