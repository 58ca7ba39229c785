import { test as base } from "@playwright/test";

import { expect, lookAt, signIn } from "./support/fixtures";
import { scene, TOKEN, type Scene } from "./support/product";

const test = base.extend<object, { small: Scene }>({
  small: [async ({}, use) => scene({ simulated: ["--workers", "3"], adopted: 3 }, use), { scope: "worker", timeout: 150_000 }],
});

test("a service that restarts under the page: told, counted down, caught up with", async ({ page, small }) => {
  const { service } = small;
  await signIn(page, service.url, TOKEN);
  await page.goto(`${service.url}/?columns=name,labels`);
  await expect(page.getByRole("link", { name: "cml-worker-00001" })).toBeVisible();
  await service.stop();
  await expect(page.getByText("The connection to the service is lost", { exact: true })).toBeVisible();
  await expect(page.getByText(/Trying again in \d+ s/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Refresh all workers" })).toBeDisabled();
  await page.screenshot({ path: "../../build/browser/screenshots/outage.png" });
  await service.start();
  const id = await service.workerId("cml-worker-00001");
  await service.call("PATCH", `/workers/${id}`, { labels: { set: "meanwhile" } });
  await expect(page.getByText("set=meanwhile")).toBeVisible({ timeout: 40_000 });
  await expect(page.getByText("The connection to the service is lost", { exact: true })).toBeHidden();
});

test("a session that ends while somebody types takes nothing of it away", async ({ page, small }) => {
  const { service } = small;
  const { token, id } = await service.token("operator");
  await signIn(page, service.url, token);
  await page.goto(service.url);
  await page.getByRole("checkbox", { name: "Choose cml-worker-00002" }).check();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Edit labels" }).click();
  const dialog = page.getByRole("dialog", { name: "Labels of cml-worker-00002" });
  await dialog.getByRole("button", { name: "Add a label" }).click();
  await dialog.getByLabel("Key").last().fill("typed");
  await dialog.getByLabel("Value").last().fill("long and well");
  await service.call("DELETE", `/tokens/${id}`);
  // The page may have found out by itself by now, and stand between the mouse and the button.
  await dialog.getByRole("button", { name: "Save labels" }).dispatchEvent("click");
  const again = page.getByRole("dialog", { name: "Your session has ended" });
  await again.getByLabel("API token").fill((await service.token("operator")).token);
  await again.getByRole("button", { name: "Sign in" }).click();
  await expect(again).toBeHidden();
  await expect(dialog.getByLabel("Value").last()).toHaveValue("long and well");
  await dialog.getByRole("button", { name: "Save labels" }).click();
  await expect(page.getByText("1 worker labelled.")).toBeVisible();
});

test("a session that was left alone too long asks over the page; signing in in another window is enough", async ({
  page,
  small,
}) => {
  const { service } = small;
  await signIn(page, service.url, TOKEN);
  await page.goto(`${service.url}/?q=worker`);
  await page.getByRole("checkbox", { name: "Choose cml-worker-00003" }).check();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Edit labels" }).click();
  const dialog = page.getByRole("dialog", { name: "Labels of cml-worker-00003" });
  await dialog.getByRole("button", { name: "Add a label" }).click();
  await dialog.getByLabel("Key").last().fill("kept");
  service.leaveSessionsAlone();
  const again = page.getByRole("dialog", { name: "Your session has ended" });
  await expect(again).toBeVisible({ timeout: 40_000 });

  const other = await page.context().newPage();
  await other.goto(`${service.url}/operations`);
  await other.getByLabel("API token").fill(TOKEN);
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(other.getByRole("heading", { level: 1, name: "Operations" })).toBeVisible();
  await expect(again).toBeHidden();
  await expect(dialog.getByLabel("Key").last()).toHaveValue("kept");
  await other.close();
});

test("an empty fleet says what to do next, with the exact command", async ({ page }) => {
  await scene({ simulated: ["--workers", "1"], settings: { discovery_tags: "" } }, async ({ service }) => {
    await signIn(page, service.url, TOKEN);
    await page.goto(service.url);
    await expect(page.getByText("cmlfleet workers import --region us-east-1")).toBeVisible();
    await expect(page.getByRole("button", { name: "Import workers" })).toBeEnabled();
    await lookAt(page, "empty", { quick: true });
  });
});
