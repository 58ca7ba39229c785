// Who looks for the first time goes from what needs attention to the worker and to the reason, on a phone too.
import type { Page } from "@playwright/test";

import { expect, test } from "./support/fixtures";

const SIZES = { "at a desk": { width: 1440, height: 900 }, "on a phone": { width: 400, height: 800 } };

async function follow(page: Page, item: RegExp, worker: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("region", { name: "Needs attention" }).getByRole("link", { name: item }).click();
  const link = page.getByRole("link", { name: worker, exact: true });
  await expect(page.getByRole("heading", { name: /^Workers/ })).toBeInViewport();
  await link.click();
  await expect(page.getByRole("dialog")).toBeVisible();
}

for (const [where, viewport] of Object.entries(SIZES)) {
  test.describe(where, () => {
    test.use({ viewport });

    test("a licence about to lapse is told of again by its worker, and leads to when and what", async ({ signedIn }) => {
      await follow(signedIn, /expires within 30 days/, "bgp-class-1");
      const dialog = signedIn.getByRole("dialog");
      await expect(dialog.getByText(/^The licence expires in 8 d/)).toBeInViewport();
      await dialog.getByRole("link", { name: "See the licence" }).click();
      await expect(dialog.getByText("Registration expires")).toBeInViewport();
    });

    test("a worker that is up but not ready says why, and what to do", async ({ signedIn }) => {
      await follow(signedIn, /up but not well/, "ospf-password");
      const dialog = signedIn.getByRole("dialog");
      await expect(dialog.getByText(/^CML refuses the sign-in: set the right credentials/)).toBeInViewport();
      await expect(dialog.getByText("Set the right CML credentials under More.")).toBeInViewport({ ratio: 1 });
    });
  });
}

test("on a phone the fields of a card stand on one line", async ({ signedIn }) => {
  await signedIn.setViewportSize(SIZES["on a phone"]);
  await signedIn.goto("/?q=aci-stuck");
  const heightOf = async (name: string) => (await signedIn.getByText(name, { exact: true }).boundingBox())?.y ?? NaN;
  await expect(signedIn.getByText("Health", { exact: true })).toBeVisible();
  expect(await heightOf("Status")).toBeGreaterThan(await heightOf("Health"));
  expect(await heightOf("Status")).toBe(await heightOf("CPU"));
  expect(await heightOf("Nodes")).toBe(await heightOf("Cost/h"));
});

test("on a phone what happened is told without looking beyond the edge", async ({ signedIn }) => {
  await signedIn.setViewportSize(SIZES["on a phone"]);
  await signedIn.goto("/activity");
  const change = signedIn.getByText("unknown → ready").first();
  await change.scrollIntoViewIfNeeded();
  await expect(change).toBeInViewport({ ratio: 1 });
  expect(await signedIn.evaluate(() => [...document.querySelectorAll("*")].every(({ scrollLeft }) => scrollLeft === 0))).toBe(true);
});

for (const path of ["labs", "activity", "audit", "settings"]) {
  test(`on a phone nothing of the page ${path} lies beyond an edge`, async ({ signedIn }) => {
    await signedIn.setViewportSize(SIZES["on a phone"]);
    await signedIn.goto(`/${path}`);
    await expect(signedIn.getByText(/^Reading/)).toHaveCount(0);
    await expect(signedIn.getByRole("listitem").filter({ has: signedIn.locator("time") }).first()).toBeVisible();
    const scrolling = await signedIn.evaluate(() =>
      [...document.querySelectorAll("main *")]
        .filter((each) => /auto|scroll/.test(getComputedStyle(each).overflowX) && each.scrollWidth > each.clientWidth + 1)
        .map(({ className }) => className),
    );
    expect(scrolling).toEqual([]);
  });
}
