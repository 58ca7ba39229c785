import type { Page } from "@playwright/test";

import { expect, lookAt, signIn, test } from "./support/fixtures";
import { scene } from "./support/product";

const PASSWORD = "correct horse battery";

async function signInAs(page: Page, name: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("the first administrator comes in by the printed code, and makes a user for one team", async ({ browser }) => {
  await scene({ simulated: ["--workers", "2"], bootstrapToken: null }, async ({ service }) => {
    const page = await (await browser.newContext({ baseURL: service.url })).newPage();
    await page.goto("/users");
    await expect(page.getByLabel("Set-up code")).toBeVisible();
    await lookAt(page, "set-up", { quick: true });
    await page.getByLabel("Set-up code").fill("0".repeat(32));
    await page.getByLabel("User name").fill("ann");
    await page.getByLabel("Password", { exact: true }).fill("short");
    const make = page.getByRole("button", { name: "Make the first administrator" });
    await make.click();
    await expect(page.getByText("A password has 12 characters or more.")).toBeVisible();
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await make.click();
    await expect(page.getByText("This is not the set-up code")).toBeVisible();
    await page.getByLabel("Set-up code").fill(await service.setUpCode());
    await make.click();
    await expect(page.getByRole("row", { name: /^ann admin the whole fleet yes/ })).toBeVisible();

    await page.getByRole("button", { name: "Add a user" }).click();
    const adding = page.getByRole("dialog", { name: "Add a user" });
    await adding.getByLabel("Name", { exact: true }).fill("<b>bob</b>");
    await adding.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await adding.getByRole("button", { name: /Role/ }).click();
    await page.getByRole("option", { name: "operator: also acts" }).click();
    await adding.getByRole("button", { name: "Add a label" }).click();
    await adding.getByRole("textbox", { name: /Key$/ }).fill("team");
    await adding.getByRole("textbox", { name: /Value$/ }).fill("blue");
    await lookAt(page, "add-user", { quick: true });
    await adding.getByRole("button", { name: "Add", exact: true }).click();
    await expect(page.getByRole("row", { name: /^<b>bob<\/b> operator team=blue yes never/ })).toBeVisible();
    await lookAt(page, "users");
    await page.context().close();
  });
});

test("a user sees their team alone, and is out as soon as they are disabled", async ({ browser, signedIn, team }) => {
  const id = await team.service.workerId("bgp-class-1");
  await team.service.call("PATCH", `/workers/${id}`, { labels: { team: "blue" } });
  const limit = { labels: ["team=blue"], accounts: [] };
  await team.service.call("POST", "/users", { name: "Bob", role: "operator", limit, password: PASSWORD });
  const theirs = await browser.newPage({ baseURL: team.service.url });
  await theirs.goto("/");
  await signInAs(theirs, "bob", "not the password");
  await expect(theirs.getByText("The name or the password is not right")).toBeVisible();
  await signInAs(theirs, "bob");
  await expect(theirs.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
  await expect(theirs.getByRole("link", { name: "bgp-class-2" })).toBeHidden();
  await expect(theirs.getByRole("button", { name: "Import", exact: true })).toBeDisabled();
  await theirs.goto("/users");
  await expect(theirs.getByText("This page is for administrators of the whole fleet")).toBeVisible();
  await theirs.goto("/system");
  await expect(theirs.getByText("This page is for whoever sees the whole fleet")).toBeVisible();

  await theirs.getByRole("button", { name: "Bob" }).click();
  await theirs.getByRole("menuitem", { name: "Change your password" }).click();
  const changing = theirs.getByRole("dialog", { name: "Change your password" });
  await changing.getByLabel("Present password").fill("another than it is");
  await changing.getByLabel("New password").fill(`${PASSWORD} new`);
  await changing.getByRole("button", { name: "Change it" }).click();
  await expect(changing.getByText("Your present password is another one.")).toBeVisible();
  await changing.getByLabel("Present password").fill(PASSWORD);
  await changing.getByRole("button", { name: "Change it" }).click();
  const again = theirs.getByRole("dialog", { name: "Your session has ended" });
  await expect(again).toBeVisible();
  await signInAs(theirs, "bob", `${PASSWORD} new`);
  await expect(again).toBeHidden();

  await signedIn.goto("/users");
  await signedIn.getByRole("button", { name: "Actions on Bob" }).click();
  await signedIn.getByRole("menuitem", { name: "Disable" }).click();
  await signedIn.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await expect(signedIn.getByRole("row", { name: /^Bob operator team=blue disabled/ })).toBeVisible();
  await expect(again).toBeVisible({ timeout: 40_000 });
  await signInAs(theirs, "bob", `${PASSWORD} new`);
  await expect(theirs.getByText("this user may not sign in any more")).toBeVisible();

  await signedIn.getByRole("button", { name: "Actions on Bob" }).click();
  await signedIn.getByRole("menuitem", { name: "Let in again" }).click();
  await signedIn.getByRole("dialog").getByRole("button", { name: "Let in again" }).click();
  await signedIn.getByRole("button", { name: "Actions on Bob" }).click();
  await signedIn.getByRole("menuitem", { name: "Set a new password" }).click();
  await signedIn.getByRole("dialog").getByLabel("Password", { exact: true }).fill(PASSWORD);
  await signedIn.getByRole("dialog").getByRole("button", { name: "Set it" }).click();
  await expect(signedIn.getByRole("dialog")).toBeHidden();
  await signInAs(theirs, "bob");
  await expect(again).toBeHidden();
  await theirs.close();
});

test("who did what, and who was refused, is found and exported", async ({ signedIn, team }) => {
  const id = await team.service.workerId("bgp-class-2");
  await team.service.call("PATCH", `/workers/${id}`, { labels: { audited: "<i>yes</i>" } });
  const { token } = await team.service.token("viewer");
  const refused = await fetch(`${team.service.url}/api/v1/users`, { headers: { Authorization: `Bearer ${token}` } });
  expect(refused.status).toBe(403);
  await signedIn.goto("/audit");
  const table = signedIn.getByRole("table", { name: "Audit" });
  await expect(table.getByText("audited – → <i>yes</i>").first()).toBeVisible();
  await lookAt(signedIn, "audit");
  await signedIn.getByRole("button", { name: /^Result/ }).click();
  await signedIn.getByRole("option", { name: "refused" }).click();
  await expect(table.getByText("List users")).toBeVisible();
  await expect(table.getByText("audited – → <i>yes</i>")).toHaveCount(0);
  await signedIn.getByRole("button", { name: /^When/ }).click();
  await signedIn.getByRole("radio", { name: "The last hour" }).click();
  await signedIn.getByRole("button", { name: "Apply" }).click();
  await expect(signedIn).toHaveURL(/\/audit\?result=refused&period=1h$/);
  await expect(table.getByText("List users")).toBeVisible();
  const file = signedIn.waitForEvent("download");
  await signedIn.getByRole("link", { name: "Export as JSON lines" }).click();
  const stream = await (await file).createReadStream();
  const lines = (await stream.toArray()).join("").trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { result: string }).result)).toEqual(lines.map(() => "refused"));
});

test("a viewer is offered nothing that would be refused, on no page", async ({ browser, team }) => {
  const page = await browser.newPage({ baseURL: team.service.url });
  await signIn(page, team.service.url, (await team.service.token("viewer")).token);
  const refused: string[] = [];
  page.on("response", (response) => response.status() === 403 && refused.push(response.url()));
  await page.goto("/");
  await page.getByRole("link", { name: "bgp-class-1" }).click();
  const dialog = page.getByRole("dialog", { name: "bgp-class-1" });
  for (const name of ["Refresh", "Diagnose"]) await expect(dialog.getByRole("button", { name })).toBeDisabled();
  await dialog.getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("menuitem", { name: "Set CML credentials" })).toBeDisabled();
  await page.keyboard.press("Escape");
  for (const tab of await dialog.getByRole("tab").all()) await tab.click();
  await page.goto("/?q=bgp");
  await page.getByRole("checkbox", { name: "Choose bgp-class-1" }).check();
  await expect(page.getByRole("button", { name: "Refresh the chosen workers" })).toBeDisabled();
  await page.keyboard.press("r");
  await page.getByRole("button", { name: "Actions" }).click();
  for (const item of await page.getByRole("menuitem").all()) await expect(item).toBeDisabled();
  for (const path of ["labs", "activity", "operations", "settings", "system", "users", "audit"]) {
    await page.goto(`/${path}`);
    const needsAdmin = page.getByText("This page is for administrators of the whole fleet");
    await expect(page.getByRole("heading", { level: 1 }).or(needsAdmin)).toBeVisible();
    await expect(page.getByText(/^Reading/)).toHaveCount(0);
  }
  await expect(page.getByText("you are signed in as a viewer with the role viewer")).toBeVisible();
  expect(refused).toEqual([]);
  await page.close();
});
