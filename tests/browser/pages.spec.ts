import { expect, lookAt, test } from "./support/fixtures";

test("the labs of the whole fleet are found by title, owner and worker", async ({ signedIn }) => {
  await signedIn.goto("/labs?q=dana");
  await expect(signedIn.getByText("Old exam")).toBeVisible();
  await expect(signedIn.getByText("BGP student 01")).toBeHidden();
  await signedIn.getByRole("button", { name: /^The labs of \d+ workers were not read, or not all of them$/ }).click();
  await expect(signedIn.getByRole("listitem").filter({ hasText: "ospf-password: unauthorized" })).toBeVisible();
  await lookAt(signedIn, "labs-unread", { quick: true });
  await signedIn.getByRole("link", { name: "student-full" }).click();
  await expect(signedIn.getByRole("tab", { name: "Labs" })).toHaveAttribute("aria-selected", "true");
});

test("what happened is told with who and why, as it happens", async ({ signedIn, team }) => {
  await signedIn.goto("/activity?type=CMLWorkerLabelsChanged");
  await expect(signedIn.getByRole("heading", { level: 1, name: "Activity" })).toBeVisible();
  await signedIn.goto("/activity");
  await expect(signedIn.getByText("Worker health changed").first()).toBeVisible();
  await lookAt(signedIn, "activity", { quick: true });
  const id = await team.service.workerId("bgp-class-1");
  await team.service.call("PATCH", `/workers/${id}`, { labels: { told: "live" } });
  await expect(signedIn.getByRole("row", { name: /bgp-class-1.*told/ }).first()).toBeVisible();
});

test("an operation shows each worker's part", async ({ signedIn, team }) => {
  const id = await team.service.workerId("bgp-class-1");
  await team.service.call("POST", "/workers/refresh", { worker_ids: [id] });
  await signedIn.goto("/operations");
  await signedIn.getByRole("link", { name: "Refresh of 1 worker" }).first().click();
  const dialog = signedIn.getByRole("dialog", { name: "Refresh of 1 worker" });
  await expect(dialog.getByRole("link", { name: "bgp-class-1" })).toBeVisible();
  await lookAt(signedIn, "operations", { quick: true });
});

test("tokens are made, shown once, and revoked", async ({ signedIn }) => {
  await signedIn.goto("/settings");
  await expect(signedIn.getByRole("row", { name: /eu-west-1/ })).toContainText("access_denied");
  await lookAt(signedIn, "settings", { quick: true });
  await signedIn.getByRole("button", { name: "Create a token" }).click();
  const dialog = signedIn.getByRole("dialog", { name: "Create a token" });
  await dialog.getByLabel("Name").fill("a <script>");
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByText(/^cmlf_/)).toBeVisible();
  await dialog.getByRole("button", { name: "Done" }).click();
  await signedIn.getByRole("button", { name: "Revoke a <script>" }).click();
  await signedIn.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(signedIn.getByRole("button", { name: "Revoke a <script>" })).toBeHidden();
});

test("the service tells of itself", async ({ signedIn }) => {
  await signedIn.goto("/system");
  await expect(signedIn.getByRole("table", { name: "Monitoring groups" }).getByText("us-east-1").first()).toBeVisible();
  const processes = signedIn.getByRole("table", { name: "Processes" });
  await expect(processes.getByRole("row", { name: /api, scheduler, worker yes/ })).toBeVisible();
  await expect(signedIn.getByText("none: one process does everything")).toBeVisible();
  await expect(signedIn.getByText(/^[\d,]+ metrics? asked, (less than )?\$\d+\.\d\d$/)).toBeVisible();
  await expect(signedIn.getByRole("table", { name: "Running cost" }).getByText("Region us-east-1")).toBeVisible();
  await lookAt(signedIn, "system", { quick: true });
  await signedIn.goto("/nowhere");
  await expect(signedIn.getByRole("heading", { name: "There is no such page" })).toBeVisible();
});
