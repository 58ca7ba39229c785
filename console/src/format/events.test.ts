import { expect, test } from "vitest";

import { eventName, eventWords } from "./events";

test("an event's name is read as words", () => {
  expect(eventName("CMLWorkerStatusChangedDomainEvent")).toBe("Worker status changed");
  expect(eventName("SomethingNew")).toBe("Something new");
});

test("before and after are told, and the rest with them", () => {
  expect(eventWords({ data: { before: "running", after: "stopped", reason: null } })).toBe("running → stopped");
  expect(eventWords({ data: { before: null, after: { a: 1, b_c: "x" } } })).toBe("a – → 1, b c – → x");
  expect(eventWords({ data: { before: { a: 1, b: 2 }, after: { a: 1, b: 3 } } })).toBe("b 2 → 3");
  const labels = { before: { labels: { a: "1", b: "2" } }, after: { labels: { a: "1", c: "3" } } };
  expect(eventWords({ data: labels })).toBe("labels b 2 → –, labels c – → 3");
  expect(eventWords({ data: { title: "x".repeat(5000) } }).length).toBeLessThan(310);
});
