import { expect, test } from "vitest";

import { limitForm, limitOf, limitWords, NO_LIMIT, problemWithLimit } from "./limit-form";

test("a limit comes back as it was typed", () => {
  const limit = { labels: ["team=blue", "note=a=b,c"], accounts: ["111111111111", "222222222222"] };
  expect(limitOf(limitForm(limit))).toEqual(limit);
  expect(limitWords(limit)).toBe("team=blue, note=a=b,c, account 111111111111, account 222222222222");
  expect(limitOf(limitForm(null))).toBeNull();
  expect(limitWords(null)).toBe("the whole fleet");
});

test.each([
  [{ accounts: "12345" }, "12345 is no account: it has 12 digits."],
  [{ labels: [{ key: " ", value: "blue" }] }, "A label needs a key."],
  [{ labels: [{ key: "a=b", value: "" }] }, "a=b is no label's key: it holds neither = nor a comma."],
  [{ labels: [{ key: "", value: "" }] }, null],
])("%j: %s", (part, problem) => expect(problemWithLimit({ ...NO_LIMIT, ...part })).toBe(problem));
