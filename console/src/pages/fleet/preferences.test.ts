import { expect, test } from "vitest";

import { readPreferences, visible, writePreferences, type Preferences } from "./preferences";

const USUAL: Preferences = {
  columns: [
    { id: "name", visible: true },
    { id: "health", visible: true },
    { id: "labels", visible: false },
  ],
  size: 25,
  isCompact: false,
};
const read = (address: string, stored: string | null = null) =>
  readPreferences(new URLSearchParams(address), stored, USUAL);

test("the address goes over what this browser keeps, and that over what is usual", () => {
  expect(read("")).toEqual(USUAL);
  expect(read("", "size=50&density=compact")).toMatchObject({ size: 50, isCompact: true });
  expect(read("size=10", "size=50&density=compact")).toMatchObject({ size: 10, isCompact: true });
});

test("columns come in the order of the address; unknown ones and none at all are no columns", () => {
  expect(visible(read("columns=labels,name,password"))).toBe("labels,name");
  expect(visible(read("columns=nothing"))).toBe("name,health");
});

test("what is usual is not written", () => {
  expect(writePreferences(new URLSearchParams("q=x&size=50"), USUAL, USUAL).toString()).toBe("q=x");
});

test("a size that is not offered is not taken", () => {
  expect(read("size=100000").size).toBe(25);
});
