import type { Page } from "@playwright/test";

import { expect, lookAt, setTheme, test } from "./support/fixtures";

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

test("a chart's words can be read in the dark, and again in the light", async ({ signedIn, team }) => {
  await setTheme(signedIn, "light");
  await signedIn.goto(`/workers/${await team.service.workerId("bgp-class-1")}?tab=metrics`);
  const canvas = signedIn.getByRole("img", { name: /^Utilization/ }).locator("canvas");
  await expect(canvas).toBeVisible();
  // Of what is drawn where the axis has its words, the brightest and the darkest.
  const words = () =>
    canvas.evaluate((node: HTMLCanvasElement) => {
      const { data } = node.getContext("2d")?.getImageData(0, 0, 40, node.height) ?? { data: [] };
      const drawn: number[] = [];
      for (let at = 0; at < data.length; at += 4) if ((data[at + 3] ?? 0) > 200) drawn.push(data[at] ?? 0);
      return drawn.length === 0 ? -1 : drawn.reduce((sum, red) => sum + red, 0) / drawn.length;
    });
  await expect.poll(words).toBeLessThan(100);
  await setTheme(signedIn, "dark");
  await expect.poll(words).toBeGreaterThan(130);
});
