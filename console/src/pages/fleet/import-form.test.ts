import { expect, test } from "vitest";

import { importBody, type ImportForm } from "./import-form";

const FORM: ImportForm = { region: " us-east-1 ", by: "ids", ids: "", tags: [] };

test("ids may be separated by anything and named twice", () => {
  const { body } = importBody({ ...FORM, ids: "i-0123456789abcdef0, i-12345678\ni-12345678;" });
  expect(body).toEqual({
    region: "us-east-1",
    instance_ids: ["i-0123456789abcdef0", "i-12345678"],
    tags: {},
    dry_run: false,
  });
});

test.each([
  [{ ...FORM, region: "" }, "region"],
  [FORM, "instance"],
  [{ ...FORM, ids: "server-1" }, "server-1"],
  [{ ...FORM, by: "tags" as const, tags: [{ key: " ", value: "x" }] }, "tag"],
])("what is missing is named", (form, word) => {
  expect(importBody(form)).toEqual({ body: null, problem: expect.stringContaining(word) as string });
});
