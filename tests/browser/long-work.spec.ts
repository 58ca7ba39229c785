import { test as base } from "@playwright/test";

import { expect, lookAt, signIn } from "./support/fixtures";
import { scene, TOKEN, type Scene } from "./support/product";

const MANY = 30;

const test = base.extend<object, { many: Scene }>({
  many: [
    async ({}, use) => scene({ simulated: ["--workers", String(MANY)], settings: { discovery_tags: "" } }, use),
    { scope: "worker", timeout: 150_000 },
  ],
});

test("an import goes on through a reload, and tells at its end what failed and why", async ({ page, many }) => {
  const { cloud, service } = many;
  await cloud.fault("slow", null, { seconds: 4 });
  await cloud.fault("bad-gateway", "cml-worker-00007");
  await signIn(page, service.url, TOKEN);
  await page.goto(service.url);
  await page.getByRole("button", { name: "Import workers" }).click();
  const dialog = page.getByRole("dialog", { name: "Import workers" });
  await dialog.getByRole("button", { name: "Preview" }).click();
  await expect(dialog.getByRole("heading", { name: `${MANY} workers will be imported` })).toBeVisible();
  await expect(dialog.getByRole("row", { name: /cml-worker-00007 .*running/ })).toBeVisible();
  await dialog.getByRole("button", { name: `Import ${MANY} workers` }).click();
  const progress = page.getByText(`First reading of ${MANY} workers`, { exact: true });
  await expect(progress).toBeVisible();
  await page.reload();
  await expect(progress).toBeVisible();
  await expect(page.getByText(/^\d+ of 30/)).toBeVisible();
  await cloud.mend();
  await cloud.fault("bad-gateway", "cml-worker-00007");
  await expect(page.getByText(`First reading of ${MANY} workers done; a source failed for`)).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Show", exact: true }).click();
  const shown = page.getByRole("dialog", { name: `First reading of ${MANY} workers` });
  await expect(shown.getByRole("row").nth(1)).toContainText(/done in part\s*cml: (not_ready|timeout)/);
  await lookAt(page, "import-operation", { quick: true });
});
