import { expect, test } from "vitest";

import { waitBefore } from "./backoff";

test("the wait doubles up to half a minute, never all windows at the same moment", () => {
  expect([0, 1, 2, 3].map((attempt) => waitBefore(attempt, () => 1))).toEqual([1000, 2000, 4000, 8000]);
  expect(waitBefore(50, () => 1)).toBe(30_000);
  expect(waitBefore(2, () => 0)).toBe(3000);
});
