import { expect, test } from "vitest";

import type { Operation } from "../api/types";
import { endWords, remaining } from "./operations";

const operation = (done: number, total: number) =>
  ({ done, total, created_at: "2026-11-24T12:00:00Z" }) as unknown as Operation;
const AFTER_10_S = Date.parse("2026-11-24T12:00:10Z");

test("what is left goes by the pace so far", () => {
  expect(remaining(operation(5, 20), AFTER_10_S)).toBe("about 30 s left");
  expect(remaining(operation(0, 20), AFTER_10_S)).toBeNull();
  expect(remaining(operation(20, 20), AFTER_10_S)).toBeNull();
});

test("the end tells what failed, and where only a source did", () => {
  const ended = (...items: object[]) =>
    endWords({ kind: "import", total: items.length, items } as unknown as Operation);
  const [well, inPart, failed] = [
    { state: "done", detail: null },
    { state: "done", detail: "cml: timeout" },
    { state: "failed", detail: "x" },
  ];
  expect(ended(well, well)).toBe("First reading of 2 workers done");
  expect(ended(well, inPart)).toBe("First reading of 2 workers done; a source failed for 1 worker");
  expect(ended(inPart, failed)).toBe("First reading of 2 workers: 1 of 2 failed");
});
