import { expect, test } from "vitest";

import { momentWords } from "./filter-config";

test("a filter by a moment reads as moments do everywhere, and one by an age as it was typed", () => {
  const moment = momentWords("2026-11-24T12:34:56.123456Z");
  expect(moment).toMatch(/24/);
  expect(moment).not.toMatch(/123456|T12/);
  expect(["1h", "7d", "in 30d"].map(momentWords)).toEqual(["1h", "7d", "in 30d"]);
});
