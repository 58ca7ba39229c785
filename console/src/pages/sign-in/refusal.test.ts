import { expect, test } from "vitest";

import { refusalIn } from "./refusal";

test("why nobody was signed in is found among the cookies", () => {
  expect(refusalIn("a=b; cmlfleet_refused=it%20is%20busy%3A%20%C3%A4; c=d")).toBe("it is busy: ä");
  expect(refusalIn('cmlfleet_refused="it%20is%20busy"')).toBe("it is busy");
  expect(refusalIn("a=b; not_cmlfleet_refused=x")).toBeNull();
  expect(refusalIn("cmlfleet_refused=%E4")).toBeNull();
  expect(refusalIn("")).toBeNull();
});
