// What a compromised controller, or a colleague, writes is shown as text and runs nowhere.
import { request } from "@playwright/test";

import { expect, signIn, test } from "./support/fixtures";
import { scene, TOKEN } from "./support/product";

const SCRIPT = "<script>window.owned = 1</script>";
const ATTACKS = [
  SCRIPT,
  '<img src="owned" onerror="window.owned = 2">',
  '<svg onload="window.owned = 3"></svg>',
  '"><iframe srcdoc="<script>parent.owned = 4</script>"></iframe>',
  '<a href="javascript:window.owned = 5">look</a>',
];
const GROWN = 'img[src="owned"], svg[onload], iframe[srcdoc], a[href^="javascript:"]';

test("scripts in titles, notes and labels are text", async ({ page }) => {
  await scene({ simulated: ["--workers", "1"], adopted: 1 }, async ({ cloud, service }) => {
    const id = await service.workerId(Object.keys(await service.workers())[0] ?? "");
    const worker = await service.call<{ https_endpoint: string }>("GET", `/workers/${id}`);
    const { CMLFLEET_CML_USERNAME: username, CMLFLEET_CML_PASSWORD: password } = cloud.environment;
    const cml = await request.newContext({ ignoreHTTPSErrors: true });
    const at = (path: string) => `${worker.https_endpoint}/api/v0/${path}`;
    const signedIn = await cml.post(at("authenticate"), { data: { username, password } });
    const token = (await signedIn.json()) as string;
    for (const title of ATTACKS) {
      const made = await cml.post(at("labs"), { data: { title }, headers: { Authorization: `Bearer ${token}` } });
      expect(made.ok(), await made.text()).toBe(true);
    }
    await cml.dispose();
    await service.call("PATCH", `/workers/${id}`, { note: ATTACKS.join(" "), labels: { from: SCRIPT } });
    await service.call("POST", `/workers/${id}/refresh`);

    await signIn(page, service.url, TOKEN);
    for (const path of ["/labs", `/workers/${id}`, `/workers/${id}?tab=labs`, "/activity"]) {
      await page.goto(service.url + path);
      await expect(page.getByText(SCRIPT).first()).toBeVisible();
      expect(await page.evaluate(() => "owned" in window)).toBe(false);
      expect(await page.locator(GROWN).count()).toBe(0);
    }
  });
});
