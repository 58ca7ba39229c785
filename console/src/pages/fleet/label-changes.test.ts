import { expect, test } from "vitest";

import { commonLabels, labelChanges, problemWithKey } from "./label-changes";

const row = (key: string, value: string, differs = false) => ({ key, value, differs });
const BEFORE = commonLabels([{ labels: { team: "blue", room: "1" } }, { labels: { team: "blue", room: "2" } }]);

test("what workers share is shown, what differs is marked", () => {
  expect(BEFORE).toEqual([row("room", "", true), row("team", "blue")]);
});

test("a label that only some have differs", () => {
  expect(commonLabels([{ labels: { team: "blue" } }, { labels: {} }])).toEqual([row("team", "", true)]);
});

test("only what was changed is sent; what was taken away is null", () => {
  expect(labelChanges(BEFORE, BEFORE)).toEqual({});
  expect(labelChanges(BEFORE, [row("room", "3", true), row("new", "")])).toEqual({ team: null, room: "3", new: "" });
});

test("a key is told what is wrong with it", () => {
  expect(problemWithKey(" ", [])).not.toBeNull();
  expect(problemWithKey("a=b", [])).not.toBeNull();
  expect(problemWithKey("a", [row("a", ""), row("a ", "")])).not.toBeNull();
  expect(problemWithKey("a", [row("a", "")])).toBeNull();
});
