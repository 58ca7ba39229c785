import type { Locator, Page, Route } from "@playwright/test";

import { expect, lookAt, test } from "./support/fixtures";

const HOUR_MS = 3_600_000;

/** The service's own answer, with a part of it as another version of the service might have it. */
async function altered(page: Page, path: RegExp, alter: (body: { items?: object[] }) => void): Promise<void> {
  await page.route(path, async (route: Route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { items?: object[] };
    alter(body);
    await route.fulfill({ response: answer, json: body });
  });
}

const broke = (page: Page) => page.getByText("This page broke");

test("a name with HTML in it is a name", async ({ signedIn, team }) => {
  const { service, cloud } = team;
  const before = (await service.workers())["summer-lab"];
  const name = "<img src=x onerror=alert(1)><b>bold</b>";
  let asked = 0;
  signedIn.on("dialog", () => (asked += 1));
  await cloud.tag(before?.instance_id ?? "", "Name", name);
  await signedIn.goto("/");
  await signedIn.getByRole("link", { name }).click();
  await expect(signedIn.getByRole("dialog", { name })).toBeVisible();
  await expect(signedIn).toHaveTitle(/cmlfleet$/);
  await lookAt(signedIn, "html-name", { quick: true });
  expect(asked).toBe(0);
  await cloud.tag(before?.instance_id ?? "", "Name", "summer-lab");
});

test("a lab's title of 5,000 characters is cut short where it is listed, and pushes nothing aside", async ({ signedIn, team }) => {
  const title = "<b>" + "A".repeat(5_000);
  await altered(signedIn, /\/api\/v1\/(workers\/[^/]+\/)?labs(\?|$)/, (body) => Object.assign(body.items?.[0] ?? {}, { title }));
  await signedIn.goto("/labs?q=bgp");
  const cell = signedIn.getByText(title);
  await expect(cell).toBeVisible();
  expect((await cell.boundingBox())?.height).toBeLessThan(60);
  const lastColumn = signedIn.getByRole("columnheader", { name: "Last change" });
  await expect(lastColumn).toBeInViewport({ ratio: 1 });
  await lookAt(signedIn, "long-title", { quick: true });
  await signedIn.goto(`/workers/${await team.service.workerId("bgp-class-1")}?tab=labs`);
  await expect(signedIn.getByText(title)).toBeVisible();
  await expect(signedIn.getByRole("dialog").locator(lastColumn)).toBeInViewport({ ratio: 1 });
  await lookAt(signedIn, "long-title-worker", { quick: true });
});

for (const hours of [1, -1]) {
  test(`a browser whose clock is ${hours > 0 ? "an hour ahead" : "an hour behind"} shows the service's ages`, async ({ signedIn }) => {
    await signedIn.addInitScript((offset) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + offset;
    }, hours * HOUR_MS);
    await signedIn.goto("/?columns=name,last_refreshed_at");
    const row = signedIn.getByRole("row", { name: "Choose bgp-class-1" });
    await expect(row.getByText(/^(now|\d+ s ago)$/)).toBeVisible();
    await signedIn.getByRole("link", { name: "bgp-class-1" }).click();
    await expect(signedIn.getByText(/Refreshed (now|\d+ s ago), next (due|in \d+ s)/)).toBeVisible();
  });
}

test("words that a newer service knows are shown as they are", async ({ signedIn }) => {
  const newer = { status: "hibernated", health: "dreaming", role: "oracle" };
  await altered(signedIn, /\/api\/v1\/workers(\?|\/w-[^/]*$)/, (body) => {
    for (const worker of body.items ?? [body]) Object.assign(worker, newer);
  });
  await altered(signedIn, /\/api\/v1\/fleet$/, (body) => {
    Object.assign(body, { attention: [{ reason: "too_lucky", count: 2, query: "role.eq=oracle", since: null, due_at: null }] });
  });
  await altered(signedIn, /\/api\/v1\/operations/, (body) => {
    const operation = { id: "op-1", kind: "time_travel", state: "looping", done: 1, total: 2, items: [], created_by: "x" };
    body.items = [{ ...operation, created_at: new Date().toISOString(), finished_at: new Date().toISOString(), within: null }];
  });
  await signedIn.goto("/");
  await expect(signedIn.getByText("hibernated").first()).toBeVisible();
  await expect(signedIn.getByText("dreaming").first()).toBeVisible();
  await expect(signedIn.getByRole("link", { name: "2 workers: too lucky" })).toBeVisible();
  await lookAt(signedIn, "newer", { quick: true });
  await signedIn.getByRole("link", { name: "bgp-class-1" }).click();
  await expect(signedIn.getByRole("dialog").getByText("hibernated").first()).toBeVisible();
  await signedIn.goto("/operations");
  await expect(signedIn.getByText("looping")).toBeVisible();
  await expect(broke(signedIn)).toBeHidden();
});

test("a worker of which nothing is known is dashes on every tab, never a blank page", async ({ signedIn, team }) => {
  const id = await team.service.workerId("bgp-class-1");
  const KEPT = new Set(["id", "name", "account_id", "region", "instance_id", "version", "created_at", "updated_at"]);
  await altered(signedIn, /\/api\/v1\/workers(\?|\/w-[^/]*$)/, (body) => {
    for (const worker of body.items ?? [body]) {
      for (const [key, value] of Object.entries(worker)) {
        if (!KEPT.has(key) && (typeof value === "number" || typeof value === "string")) Object.assign(worker, { [key]: null });
      }
      const never = { outcome: null, reason: null, error_code: null, read_at: null, failing_since: null, next_due_at: null, stale: false };
      Object.assign(worker, {
        status: "unknown",
        health: "unknown",
        role: "unknown",
        health_reasons: [],
        labels: {},
        cml_system_info: null,
        cml_license: null,
        cml_health: {},
        compute_hosts: [],
        scheduled_events: [],
        ec2_checks: null,
        cml_ready: null,
        maintenance_mode: null,
        sources: { ec2: never, cloudwatch: never, cml: { ...never, parts: {} } },
        monitoring: { active: false, next_refresh_at: null },
      });
    }
  });
  await signedIn.goto("/");
  await expect(signedIn.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
  await lookAt(signedIn, "nothing-known", { quick: true });
  for (const tab of ["overview", "cml", "labs", "license", "metrics", "activity"]) {
    await signedIn.goto(`/workers/${id}?tab=${tab}`);
    await expect(signedIn.getByRole("tabpanel")).not.toHaveText(/^(Loading)?$/);
    await expect(broke(signedIn)).toBeHidden();
    await expect(signedIn.getByRole("dialog").getByText(/NaN|undefined|Invalid Date/)).toHaveCount(0);
  }
  await lookAt(signedIn, "nothing-known-worker", { quick: true });
});

test("over a slow network the page says what it does, takes what is typed, and ends with its answer", async ({ signedIn }) => {
  const session = await signedIn.context().newCDPSession(signedIn);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 800,
    downloadThroughput: 60_000,
    uploadThroughput: 30_000,
  });
  await signedIn.goto("/", { waitUntil: "commit" });
  await expect(signedIn.getByText("Reading the workers")).toBeVisible({ timeout: 60_000 });
  const search = signedIn.getByRole("searchbox", { name: /Find workers/ });
  await search.pressSequentially("bgp-class-2");
  await expect(search).toHaveValue("bgp-class-2");
  await expect(signedIn.getByRole("link", { name: /^bgp-class|^metal/ })).toHaveText(["bgp-class-2"], { timeout: 60_000 });
  await expect(search).toHaveValue("bgp-class-2");
});

test("by the keyboard alone: from the fleet into a worker, through its tabs, a refresh, and back", async ({ signedIn }) => {
  const tabTo = async (wanted: Locator) => {
    await expect(async () => {
      await signedIn.keyboard.press("Tab");
      await expect(wanted).toBeFocused({ timeout: 200 });
    }).toPass();
  };
  const press = async (key: string, wanted: Locator) => {
    await signedIn.keyboard.press(key);
    await expect(wanted).toBeFocused();
  };
  await signedIn.goto("/?q=metal-forg");
  await expect(signedIn.getByRole("link", { name: "metal-forgotten" })).toBeVisible();
  await signedIn.keyboard.press("/");
  await expect(signedIn.getByRole("searchbox", { name: /Find workers/ })).toBeFocused();
  await tabTo(signedIn.getByRole("checkbox", { name: "Choose all workers on this page" }));
  await press("ArrowDown", signedIn.getByRole("checkbox", { name: "Choose metal-forgotten" }));
  await press("ArrowRight", signedIn.getByRole("link", { name: "metal-forgotten" }));
  await signedIn.keyboard.press("Enter");
  const dialog = signedIn.getByRole("dialog", { name: "metal-forgotten" });
  await expect(dialog.getByRole("tab", { name: "Overview" })).toBeVisible();
  await tabTo(dialog.getByRole("button", { name: "Refresh", exact: true }));
  await signedIn.keyboard.press("Enter");
  await expect(dialog.getByTestId("refresh-result")).toContainText("EC2 ok");
  await tabTo(dialog.getByRole("tab", { name: "Overview" }));
  for (const tab of ["CML", "Labs", "Licence", "Metrics", "Activity"]) {
    await signedIn.keyboard.press("ArrowRight");
    await expect(dialog.getByRole("tab", { name: tab, exact: true })).toHaveAttribute("aria-selected", "true");
  }
  await signedIn.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(signedIn).toHaveURL(/\?q=metal-forg$/);
  await expect(signedIn.getByRole("link", { name: "metal-forgotten" })).toBeFocused();
});
