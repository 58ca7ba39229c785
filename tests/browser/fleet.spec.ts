import type { Page, Route } from "@playwright/test";

import { expect, lookAt, signIn, test } from "./support/fixtures";

const names = (page: Page) => page.locator("table tbody tr td:nth-child(2) a, table tbody tr th a");

test.beforeEach(async ({ signedIn }) => {
  await signedIn.goto("/");
  await expect(signedIn.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
});

test("the fleet at a glance: counts, cost, what needs attention, every worker", async ({ signedIn }) => {
  await expect(names(signedIn)).toHaveCount(12);
  await expect(signedIn.getByText("eu-west-1: ec2:DescribeInstances fails")).toBeVisible();
  await expect(signedIn).toHaveTitle(/^\(\d+\) Fleet · cmlfleet$/);
  await signedIn.getByRole("link", { name: "1 worker is not licensed" }).click();
  await expect(names(signedIn)).toHaveText(["campus-compliance"]);
  await signedIn.getByRole("button", { name: "unlicensed: CML says that it is not licensed" }).click();
  await expect(signedIn.getByText("CML says that it is not licensed (since")).toBeVisible();
  await signedIn.goto("/");
  await expect(names(signedIn)).toHaveCount(12);
  await lookAt(signedIn, "fleet");
});

test("a licence about to lapse is told of with its day, leads to its worker, and is found by a filter", async ({ signedIn }) => {
  await signedIn.getByRole("link", { name: /^The licence of 1 worker expires within 30 days: .*\d{4}/ }).click();
  await expect(names(signedIn)).toHaveText(["bgp-class-1"]);
  await expect(signedIn.getByText(/expires in 8 d/)).toBeVisible();
  await expect(signedIn.getByText("Licence expires").first()).toBeVisible(); // the filter, with its moment in words
  await expect(signedIn.getByText(/T\d\d:\d\d:\d\d/)).toHaveCount(0);
  await signedIn.goto("/?license_expires_at.lt=in 30d&sort=license_expires_at");
  await expect(names(signedIn)).toHaveText(["bgp-class-1"]);
  await signedIn.goto("/?license_expires_at.lt=in 1d");
  await expect(signedIn.getByText("No worker matches")).toBeVisible();
});

test("a figure that is not known is a dash with its reason", async ({ signedIn }) => {
  const row = signedIn.getByRole("row", { name: "Choose ospf-password" });
  await expect(row.locator("[title^='CML fails: auth_extended: the sign-in was refused since']").first()).toHaveText(/^–/);
});

test("each keystroke narrows the list, and the address shows the same to whoever opens it", async ({ signedIn }) => {
  await signedIn.keyboard.press("/");
  await signedIn.keyboard.type("bgp");
  await expect(names(signedIn)).toHaveText(["bgp-class-1", "bgp-class-2"]);
  const filter = signedIn.getByRole("combobox", { name: "Filter by property" });
  await filter.fill("Type = m8i.8xlarge");
  await filter.press("Enter");
  await expect(names(signedIn)).toHaveText(["bgp-class-1"]);
  await signedIn.getByRole("button", { name: "Clear filters" }).first().click();
  await expect(names(signedIn)).toHaveText(["bgp-class-1", "bgp-class-2"]);
  await expect(signedIn).toHaveURL(/\?q=bgp$/);
  await signedIn.goto("/?region=us-east-1&cost_per_hour_usd.gte=0&sort=-cost_per_hour_usd&columns=name,cost_per_hour_usd&size=10");
  await expect(names(signedIn).first()).toHaveText("metal-forgotten");
  await expect(names(signedIn)).toHaveCount(10);
  await expect(signedIn.getByRole("columnheader")).toHaveCount(3);
  await signedIn.getByRole("button", { name: "Next page" }).click();
  await expect(signedIn).toHaveURL(/page=2/);
  await expect(names(signedIn)).toHaveCount(2);
});

test("rows that are there are filled with those that match; what is open or chosen stays with its worker", async ({ signedIn }) => {
  await signedIn.getByRole("link", { name: "1 worker is not licensed" }).click();
  await expect(names(signedIn)).toHaveText(["campus-compliance"]);
  const firstRow = await signedIn.locator("tbody tr").elementHandle();
  await signedIn.getByRole("link", { name: /^\d workers are up but not well/ }).click();
  await expect(names(signedIn).first()).not.toHaveText("campus-compliance");
  expect(await firstRow?.isVisible()).toBe(true);

  await signedIn.goBack();
  await expect(names(signedIn)).toHaveText(["campus-compliance"]);
  await signedIn.getByRole("button", { name: "unlicensed: CML says that it is not licensed" }).click();
  await expect(signedIn.getByText("campus-compliance is unlicensed")).toBeVisible();
  await signedIn.goForward();
  await expect(names(signedIn).first()).not.toHaveText("campus-compliance");
  await expect(signedIn.getByText(/^\S+ is (unlicensed|degraded)$/)).toHaveCount(0);

  await signedIn.goto("/?size=10");
  await signedIn.getByRole("checkbox", { name: "Choose aci-stuck" }).check();
  await signedIn.getByRole("button", { name: "Next page" }).click();
  await expect(names(signedIn)).toHaveCount(2);
  await expect(signedIn.locator("tbody").getByRole("checkbox", { checked: true })).toHaveCount(0);
  await signedIn.getByRole("button", { name: "Previous page" }).click();
  await expect(signedIn.locator("tbody").getByRole("checkbox", { checked: true })).toHaveAccessibleName("Choose aci-stuck");
});

test("the figures of the table are bars that a screen reader finds, and does not read aloud at each refresh", async ({ signedIn }) => {
  const row = signedIn.getByRole("row", { name: "Choose bgp-class-1" });
  await expect(row.getByText(/^\d+%$/).first()).toBeVisible();
  await expect(signedIn.locator("[aria-live]").filter({ hasText: /\d%/ })).toHaveCount(0);
  await expect(row.getByRole("meter", { name: "CPU" })).toHaveAttribute("aria-valuetext", /^\d+ %$/);
});

test("an answer that comes late is not shown over a later one, and the address does not wait for it", async ({ signedIn }) => {
  await signedIn.goto("/");
  await expect(names(signedIn)).toHaveCount(12);
  const held: Route[] = [];
  await signedIn.route(/workers\?q=m&/, (route) => void held.push(route));
  await signedIn.keyboard.press("/");
  await signedIn.keyboard.type("m");
  await expect.poll(() => held.length).toBe(1);
  await expect(signedIn).toHaveURL(/\?q=m$/);
  await signedIn.keyboard.type("pls");
  await expect(names(signedIn)).toHaveText(["mpls-retiring"]);
  for (const route of held) await route.continue().catch(() => undefined); // it was given up
  await expect(names(signedIn)).toHaveText(["mpls-retiring"]);
  await expect(signedIn).toHaveURL(/\?q=mpls$/);
});

test("what no worker matches says so and offers the way back; nonsense is told as such", async ({ signedIn }) => {
  await signedIn.goto("/?q=<b>nobody</b>");
  await signedIn.getByRole("button", { name: "Clear the filters" }).click();
  await expect(names(signedIn)).toHaveCount(12);
  await signedIn.goto("/?cpu_utilization.gt=much");
  await expect(signedIn.getByText("'much' is no value for cpu_utilization")).toBeVisible();
});

test("changes show in place: no reload, no other order under the pointer, no lost selection", async ({
  signedIn,
  team,
}) => {
  await signedIn.goto("/?sort=status");
  await expect(names(signedIn)).toHaveCount(12);
  await signedIn.getByRole("checkbox", { name: "Choose mpls-retiring" }).check();
  // Not a worker that the story itself stops or starts after a while.
  const row = signedIn.getByRole("row", { name: "Choose aci-stuck" });
  await row.getByText("running").hover();
  const order = await names(signedIn).allTextContents();
  await team.cloud.control("POST", "/workers/aci-stuck/stop");
  await expect(row.getByText(/^(stopping|stopped)$/)).toBeVisible();
  await expect(signedIn.getByRole("button", { name: "Apply the new order" })).toBeVisible();
  expect(await names(signedIn).allTextContents()).toEqual(order);
  await expect(signedIn.getByRole("checkbox", { name: "Choose mpls-retiring" })).toBeChecked();
  await signedIn.getByRole("button", { name: "Apply the new order" }).click();
  await expect.poll(() => names(signedIn).allTextContents()).not.toEqual(order);
  await expect(row.getByText("stopped", { exact: true })).toBeVisible();
  await team.cloud.control("POST", "/workers/aci-stuck/start");
  await expect(signedIn).toHaveURL(/selected=w-/);
});

test("labels of several workers at once, in a second window too", async ({ signedIn, browser, team }) => {
  const other = await browser.newPage({ baseURL: team.service.url });
  await signIn(other, team.service.url, (await team.service.token("viewer")).token);
  await other.goto("/?columns=name,labels&q=bgp");
  await expect(other.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
  for (const name of ["bgp-class-1", "bgp-class-2"]) await signedIn.getByRole("checkbox", { name: `Choose ${name}` }).check();
  await signedIn.getByRole("button", { name: "Actions" }).click();
  await signedIn.getByRole("menuitem", { name: "Edit labels" }).click();
  const dialog = signedIn.getByRole("dialog", { name: "Labels of 2 workers" });
  await dialog.getByRole("button", { name: "Add a label" }).click();
  await dialog.getByLabel("Key").last().fill("team");
  await dialog.getByLabel("Value").last().fill("<i>blue</i>");
  await lookAt(signedIn, "labels", { quick: true });
  await dialog.getByRole("button", { name: "Save labels" }).click();
  await expect(signedIn.getByText("2 workers labelled.")).toBeVisible();
  await expect(other.getByText("team=<i>blue</i>")).toHaveCount(2);
  await expect(other.getByRole("button", { name: "Import" })).toBeDisabled();
  await other.close();
});

test("labels that somebody else changed meanwhile are told of with their name, and not overwritten unasked", async ({
  signedIn,
  team,
}) => {
  const id = await team.service.workerId("mpls-retiring");
  await team.service.call("PATCH", `/workers/${id}`, { labels: { room: "1" } });
  await signedIn.goto("/?columns=name,labels&q=mpls");
  await expect(signedIn.getByText("room=1")).toBeVisible();
  await signedIn.getByRole("checkbox", { name: "Choose mpls-retiring" }).check();
  await signedIn.getByRole("button", { name: "Actions" }).click();
  await signedIn.getByRole("menuitem", { name: "Edit labels" }).click();
  const dialog = signedIn.getByRole("dialog", { name: "Labels of mpls-retiring" });
  await dialog.getByLabel("Value").last().fill("mine");
  const other = await team.service.token("operator");
  const theirs = await fetch(`${team.service.url}/api/v1/workers/${id}`, {
    method: "PATCH",
    headers: { Authorization: `Bearer ${other.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ labels: { room: "theirs" } }),
  });
  expect(theirs.status).toBe(200);
  await dialog.getByRole("button", { name: "Save labels" }).click();
  await expect(dialog.getByText("Changed meanwhile by a operator: labels room 1 → theirs.")).toBeVisible();
  await expect(signedIn.getByText("room=theirs")).toBeVisible();
  await lookAt(signedIn, "labels-late", { quick: true });
  await expect(dialog.getByLabel("Value").last()).toHaveValue("mine");
  await dialog.getByRole("button", { name: "Save over it" }).click();
  await expect(signedIn.getByText("room=mine")).toBeVisible();
  await expect(dialog).toBeHidden();
});

test("the last column stands clear of the edge, and the page has no sideways scroll", async ({ signedIn }) => {
  const table = signedIn.getByRole("grid", { name: "Workers" });
  const last = await table.getByRole("columnheader").last().boundingBox();
  const card = await signedIn.locator("main").boundingBox();
  expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual((card?.x ?? 0) + (card?.width ?? 0) - 20);
  const { scroll, client } = await table.evaluate((node) => {
    const box = node.parentElement ?? node;
    return { scroll: box.scrollWidth, client: box.clientWidth };
  });
  expect(scroll).toBeLessThanOrEqual(client);
});

test("a worker is forgotten after it was named, and comes back by an import that was previewed", async ({ signedIn }) => {
  await signedIn.getByRole("checkbox", { name: "Choose summer-lab" }).check();
  await signedIn.getByRole("button", { name: "Actions" }).click();
  await signedIn.getByRole("menuitem", { name: "Forget" }).click();
  const asked = signedIn.getByRole("dialog", { name: "Forget summer-lab?" });
  const instance = await asked.locator("code").innerText();
  await asked.getByRole("button", { name: "Forget" }).click();
  await expect(signedIn.getByText("1 worker forgotten.")).toBeVisible();
  await expect(names(signedIn)).toHaveCount(11);

  await signedIn.getByRole("button", { name: "Import", exact: true }).click();
  const dialog = signedIn.getByRole("dialog", { name: "Import workers" });
  await dialog.getByLabel("Region").fill("us-east-1");
  await signedIn.keyboard.press("Escape");
  await dialog.getByText("By instance ids").click();
  await dialog.getByRole("textbox", { name: "Instance ids" }).fill(`${instance}, i-0123456789abcdef0`);
  await dialog.getByRole("button", { name: "Preview" }).click();
  await expect(dialog.getByText("summer-lab")).toBeVisible();
  await expect(dialog.getByText("EC2 does not know i-0123456789abcdef0")).toBeVisible();
  await lookAt(signedIn, "import", { quick: true });
  await dialog.getByRole("button", { name: "Import 1 worker" }).click();
  await expect(signedIn.getByText("1 worker imported")).toBeVisible();
  await expect(signedIn.getByText(/^First reading of 1 worker/)).toBeVisible();
  await expect(names(signedIn)).toHaveCount(12);
});

test("a refresh of many is an operation that every window shows, with its end", async ({ signedIn, browser, team }) => {
  const other = await browser.newPage({ baseURL: team.service.url });
  await signIn(other, team.service.url, (await team.service.token("viewer")).token);
  await other.goto("/");
  await expect(other.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
  await signedIn.getByRole("button", { name: "Refresh all workers" }).click();
  for (const page of [signedIn, other]) {
    await expect(page.getByText("Refresh of 12 workers done")).toBeVisible();
  }
  await signedIn.goto("/?q=bgp");
  await signedIn.getByRole("button", { name: "Refresh all that match" }).click();
  await expect(signedIn.getByText("Refresh of 2 workers done")).toBeVisible();
  await other.close();
});
