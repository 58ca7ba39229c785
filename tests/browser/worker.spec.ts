import type { Page } from "@playwright/test";

import { expect, lookAt, test } from "./support/fixtures";

const open = async (page: Page, name: string) => {
  await page.goto("/");
  await page.getByRole("link", { name }).click();
  const dialog = page.getByRole("dialog", { name });
  await expect(dialog.getByRole("tab", { name: "Overview" })).toBeVisible();
  return dialog;
};

test("all there is to know of a worker, tab by tab, each with an address of its own", async ({ signedIn }) => {
  const dialog = await open(signedIn, "bgp-class-1");
  await expect(dialog.getByRole("row", { name: "CloudWatch" })).toContainText("ok");
  await lookAt(signedIn, "worker-overview");
  const seen: [tab: string, text: string | RegExp][] = [
    ["CML", "controller.core_connected: passes"],
    ["Labs", "BGP student 01"],
    ["Licence", "in compliance"],
    ["Metrics", "Dashed lines are changes"],
    ["Activity", "Worker health changed"],
  ];
  for (const [tab, text] of seen) {
    await dialog.getByRole("tab", { name: tab, exact: true }).click();
    await expect(dialog.getByText(text).first()).toBeVisible();
    await lookAt(signedIn, `worker-${tab.toLowerCase()}`, { quick: true });
  }
  await dialog.getByRole("tab", { name: "Metrics" }).click();
  await dialog.getByText("7 days").click();
  await expect(signedIn).toHaveURL(/\/workers\/w-[^?]+\?.*tab=metrics.*range=7d|range=7d.*tab=metrics/);
  await signedIn.reload();
  await expect(dialog.getByRole("img", { name: /^Utilization; latest: CPU \d+%/ })).toBeVisible();
  const file = signedIn.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export CSV" }).click();
  expect((await file).suggestedFilename()).toBe("bgp-class-1-7d.csv");
  await signedIn.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(signedIn).toHaveURL(/:\d+\/$/);
});

test("a refresh tells what each source said; credentials that are wrong show in CML's place alone", async ({ signedIn }) => {
  const dialog = await open(signedIn, "metal-forgotten");
  await dialog.getByRole("button", { name: "More" }).click();
  await signedIn.getByRole("menuitem", { name: "Set CML credentials" }).click();
  const credentials = signedIn.getByRole("dialog", { name: "CML credentials of metal-forgotten" });
  await credentials.getByLabel("Password").fill("wrong");
  await credentials.getByRole("button", { name: "Set and refresh" }).click();
  const said = dialog.locator("[data-testid=refresh-result]");
  await expect(said).toContainText(/EC2 ok .*CloudWatch (ok|no data) .*CML error unauthorized/s);
  await expect(dialog.getByRole("row", { name: "CML" })).toContainText("Set the right CML credentials under More.");

  await dialog.getByRole("button", { name: "More" }).click();
  await signedIn.getByRole("menuitem", { name: "Set CML credentials" }).click();
  await credentials.getByRole("button", { name: "Use the fleet's" }).click();
  await expect(said).toContainText(/EC2 ok .*CML ok/s);
  await expect(dialog.getByText("ready", { exact: true })).toBeVisible();
});

test("a controller that breaks while its page is open says so, and why it does is found", async ({ signedIn, team }) => {
  const dialog = await open(signedIn, "mpls-retiring");
  await expect(dialog.getByText("AWS has scheduled instance-retirement")).toBeVisible();
  await team.cloud.fault("bad-gateway", "mpls-retiring");
  await expect(dialog.getByRole("row", { name: "CML" })).toContainText("not_ready");
  await expect(dialog.getByRole("row", { name: "EC2" })).toContainText("ok");
  await dialog.getByRole("button", { name: "Diagnose" }).click();
  const diagnosis = signedIn.getByRole("dialog", { name: "Diagnosis of mpls-retiring" });
  await expect(diagnosis.getByText(/502/).first()).toBeVisible();
  await lookAt(signedIn, "diagnosis", { quick: true });
  await team.cloud.control("DELETE", "/faults?name=bad-gateway&worker=mpls-retiring");
});

test("another certificate is compared and accepted", async ({ signedIn, team }) => {
  const dialog = await open(signedIn, "bgp-class-1");
  await team.cloud.fault("certificate-changed", "bgp-class-1");
  await expect(dialog.getByRole("row", { name: "CML" })).toContainText("Compare the certificates under More");
  await dialog.getByRole("button", { name: "More" }).click();
  await signedIn.getByRole("menuitem", { name: "Compare certificates" }).click();
  const compared = signedIn.getByRole("dialog", { name: "Certificate of bgp-class-1" });
  await expect(compared.getByText(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)).toHaveCount(2);
  await lookAt(signedIn, "certificate", { quick: true });
  await compared.getByRole("button", { name: "Accept the presented certificate" }).click();
  await expect(dialog.locator("[data-testid=refresh-result]")).toContainText(/CML ok/);
});

test("a link to a worker that is not known says so", async ({ signedIn }) => {
  await signedIn.goto("/workers/w-nobody?tab=labs");
  await expect(signedIn.getByText("This worker is not known (any more)")).toBeVisible();
});
