import { isInstalled, withCluster } from "./support/cluster";
import { expect, lookAt, signIn, test } from "./support/fixtures";

test.setTimeout(240_000); // PostgreSQL, Redis and three processes start and stop

test("who may only look sees which process leads, which refresh, and what waits between them", async ({ browser }) => {
  test.skip(!isInstalled, "needs `make test`'s tools");
  await withCluster(async ({ url, token }) => {
    const made = await fetch(`${url}/api/v1/tokens`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ name: "a viewer", role: "viewer" }),
    });
    const viewer = ((await made.json()) as { token: string }).token;
    const page = await (await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 } })).newPage();
    await signIn(page, url, viewer);
    await page.goto("/");
    await page.getByRole("button", { name: "Show the pages" }).click();
    await page.getByRole("link", { name: "System" }).click();
    const processes = page.getByRole("table", { name: "Processes" });
    const leading = processes.getByRole("row", { name: /api, scheduler yes/ });
    await expect(leading).toBeVisible();
    await expect(processes.getByRole("row", { name: /worker no/ })).toBeVisible();
    const leader = await leading.getByRole("rowheader").textContent();
    await expect(page.getByText(leader ?? "no leader").first()).toBeVisible();
    await expect(page.getByText(/^\d+ waiting, \d+ taken$/)).toBeVisible();
    const groups = page.getByRole("table", { name: "Monitoring groups" });
    await expect(groups.getByRole("row", { name: /us-east-1 3/ })).toBeVisible();
    await lookAt(page, "system-cluster", { quick: true });
    await page.context().close();
  });
});
