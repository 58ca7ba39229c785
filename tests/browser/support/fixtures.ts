// What each browser test starts from.
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test as base, type Page } from "@playwright/test";

import { scene, TOKEN, type Scene } from "./product";

type NodeResult = Awaited<ReturnType<AxeBuilder["analyze"]>>["violations"][number]["nodes"][number];

const STORY_WORKERS = 12;
const SCREENSHOTS = "../../build/browser/screenshots";
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 400, height: 800 } };

interface Fixtures {
  /** A page whose browser is signed in as an administrator. */
  signedIn: Page;
}

interface Shared {
  /** The demo's twelve workers, for all tests of a file. */
  team: Scene;
}

export const test = base.extend<Fixtures, Shared>({
  team: [
    async ({}, use) => scene({ simulated: ["--scenario", "team"], adopted: STORY_WORKERS }, use),
    { scope: "worker", timeout: 150_000 },
  ],
  baseURL: async ({ team }, use) => use(team.service.url),
  signedIn: async ({ page, team }, use) => {
    await signIn(page, team.service.url, TOKEN);
    await use(page);
  },
});

/** A session as the sign-in page opens it, without the page. */
export async function signIn(page: Page, url: string, token: string): Promise<void> {
  const answer = await page.context().request.post(`${url}/api/v1/session`, { data: { token } });
  expect(answer.status()).toBe(200);
}

export async function setTheme(page: Page, theme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
}

/** Pictures in both themes and widths, no page wider than its window, and what axe has to say of each; a quick
 * look is one theme alone. */
export async function lookAt(page: Page, name: string, { quick = false } = {}): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    if (quick && theme === "dark") continue;
    await setTheme(page, theme);
    await expect(page.locator("body")).toHaveClass(theme === "dark" ? /awsui-dark-mode/ : /^(?!.*awsui-dark-mode)/);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      await expectAccessible(page);
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${size}-${theme}.png` });
    }
    await page.setViewportSize(SIZES.wide);
  }
}

/** Cloudscape's AppLayout (to 3.0.1383, the newest when this was written) gives the <nav> with the narrow page's menu
 * button an aria-orientation, which a <nav> may not have and readers ignore. Its AppLayoutToolbar does not, but puts a
 * toolbar over each page. That one attribute of that one element is let pass, and nothing else of it. */
const CLOUDSCAPES = { rule: "aria-allowed-attr", part: /^<nav [^>]*mobile-toolbar-nav/, attribute: 'aria-orientation="horizontal"' };

function isCloudscapes(rule: string, { html, any, all, none }: NodeResult): boolean {
  const told = [...any, ...all, ...none].flatMap(({ data }) => data as unknown);
  return rule === CLOUDSCAPES.rule && CLOUDSCAPES.part.test(html) && told.join() === CLOUDSCAPES.attribute;
}

/** By all of axe's rules. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter((found) => found.impact === "serious" || found.impact === "critical");
  const told = serious.flatMap(({ id, nodes }) =>
    nodes.filter((node) => !isCloudscapes(id, node)).map(({ html }) => `${id}: ${html}`),
  );
  expect(told).toEqual([]);
}

export { expect };
