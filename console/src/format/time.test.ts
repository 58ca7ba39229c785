import { expect, test } from "vitest";

import { noteServerTime, serverNow } from "./clock";
import { ago, ahead, duration, shortTime, utcTime } from "./time";

const NOW = Date.parse("2026-11-24T12:00:00Z");

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [61_000, "1 min"],
  [3_600_000, "1 h"],
  [3_900_000, "1 h 5 min"],
  [90_000_000, "1 d 1 h"],
])("%d ms last %s", (milliseconds, words) => expect(duration(milliseconds)).toBe(words));

test("ages tell the past, and the future that a wrong clock has written", () => {
  expect(ago(NOW - 500, NOW)).toBe("now");
  expect(ago(NOW + 90_000, NOW)).toBe("now");
  expect(ago(NOW + 3_600_000, NOW)).toBe("in 1 h");
  expect(ahead(NOW - 1, NOW)).toBe("due");
});

test("a moment of another day has its date, however short ago", () => {
  const morning = new Date(2026, 10, 24, 5, 0);
  const told = (at: Date) => shortTime(at.toISOString(), morning.getTime());
  expect(told(new Date(2026, 10, 24, 0, 1))).not.toMatch(/2026/);
  expect(told(new Date(2026, 10, 23, 23, 59))).toMatch(/23.*2026/);
});

test("a clock is written alike with and without its date", () => {
  const morning = new Date(2026, 10, 24, 5, 0).getTime();
  const clock = shortTime(new Date(2026, 10, 24, 2, 40).toISOString(), morning);
  expect(shortTime(new Date(2026, 10, 23, 2, 40).toISOString(), morning).endsWith(` ${clock}`)).toBe(true);
});

test("a moment is told in UTC to the second", () => expect(utcTime("2026-11-24T13:00:00.5+01:00")).toBe("2026-11-24 12:00:00 UTC"));

test("the viewer's clock may be an hour off", () => {
  noteServerTime("Tue, 24 Nov 2026 12:00:00 GMT", NOW - 3_600_000);
  expect(serverNow(NOW - 3_600_000)).toBe(NOW);
  noteServerTime("Tue, 24 Nov 2026 12:00:00 GMT", NOW + 900);
  expect(serverNow(NOW)).toBe(NOW);
  noteServerTime("nonsense", NOW - 3_600_000);
  noteServerTime(null);
  expect(serverNow(NOW)).toBe(NOW);
});
