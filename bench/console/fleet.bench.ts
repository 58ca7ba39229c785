// First paint with a cold cache, a keystroke in the filter, and the heap while the fleet is refreshed, of the fleet page.
// WORKERS (10,000), SOAK_MINUTES (5); CMLFLEET_URL and CMLFLEET_TOKEN measure a service that runs already.
import { test, type Browser, type Page } from "@playwright/test";

import { signIn } from "../../tests/browser/support/fixtures";
import { scene, TOKEN } from "../../tests/browser/support/product";

const WORKERS = Number(process.env.WORKERS ?? 10_000);
const SOAK_MINUTES = Number(process.env.SOAK_MINUTES ?? 5);
const LOADS = Number(process.env.LOADS ?? 7);
const DIGITS = 5; // of the number in each name, such as cml-worker-04321
const TYPED = "cml-worker-04321";
const ADOPTED_WITHIN_MS = 1_800_000;

test("the fleet page with many workers", async ({ browser }) => {
  const { CMLFLEET_URL: url, CMLFLEET_TOKEN: token } = process.env;
  if (url !== undefined) return measure(browser, url, token ?? TOKEN);
  const simulated = ["--workers", String(WORKERS)];
  const settings = { refresh_interval: "60", discovery_interval: "60" };
  await scene({ simulated, settings, adopted: WORKERS, adoptedWithinMs: ADOPTED_WITHIN_MS }, ({ service }) =>
    measure(browser, service.url, TOKEN),
  );
});

async function measure(browser: Browser, url: string, token: string): Promise<void> {
  const loads: { paint: number; rows: number }[] = [];
  for (let load = 0; load < LOADS; load += 1) loads.push(await coldLoad(browser, url, token));
  tell("first contentful paint, cold cache", loads.map(({ paint }) => paint), "ms");
  tell("first page of workers shown, cold cache", loads.map(({ rows }) => rows), "ms");

  const page = await opened(browser, url, token);
  tell("from a keystroke to its echo and the next frame", await echoes(page), "ms");
  tell("from a keystroke to the rows that match", await answers(page), "ms");
  await soak(page, url, token);
  await page.context().close();
}

async function opened(browser: Browser, url: string, token: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 } })).newPage();
  await signIn(page, url, token);
  return page;
}

/** A context of its own has nothing in its cache. */
async function coldLoad(browser: Browser, url: string, token: string): Promise<{ paint: number; rows: number }> {
  const page = await opened(browser, url, token);
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.querySelector("tbody a[href^='/workers/']") === null) return;
      observer.disconnect();
      requestAnimationFrame(() => performance.mark("rows"));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto("/");
  await page.waitForFunction(() => performance.getEntriesByName("rows").length > 0);
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
    rows: performance.getEntriesByName("rows")[0]?.startTime ?? NaN,
  }));
  await page.context().close();
  return times;
}

/** How long the page itself is busy with a keystroke. */
async function echoes(page: Page): Promise<number[]> {
  await page.goto("/");
  await page.locator("tbody a").first().waitFor();
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { echoes: times });
    document.addEventListener("keydown", ({ timeStamp }) => {
      requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - timeStamp)));
    });
  });
  await page.keyboard.press("/");
  await page.keyboard.type(TYPED, { delay: 150 });
  return page.evaluate(() => (window as unknown as { echoes: number[] }).echoes.slice(1));
}

/** Each keystroke narrows the list: how long until the table's count is another. Nothing typed was typed before. */
async function answers(page: Page): Promise<number[]> {
  const times: number[] = [];
  for (const part of [0.4321, 0.2468, 0.8765, 0.6543]) {
    const number = String(Math.floor(part * WORKERS));
    await page.goto("/");
    await page.locator("tbody a").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type(`cml-worker-${"0".repeat(DIGITS - number.length)}`, { delay: 300 });
    for (const digit of number) times.push(await answer(page, digit));
  }
  return times;
}

async function answer(page: Page, digit: string): Promise<number> {
  await page.evaluate(() => {
    const count = () => document.querySelector("h2 [class*=counter]")?.textContent;
    const before = count();
    const answered = new Promise<number>((resolve) => {
      document.addEventListener(
        "keydown",
        ({ timeStamp }) => {
          new MutationObserver((_, observer) => {
            if (count() === before) return;
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp)));
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        },
        { once: true },
      );
    });
    Object.assign(window, { answered });
  });
  await page.keyboard.press(digit);
  return page.evaluate(() => (window as unknown as { answered: Promise<number> }).answered);
}

/** The heap after a collection, each half minute, while the whole fleet is refreshed each minute. */
async function soak(page: Page, url: string, token: string): Promise<void> {
  await page.goto("/");
  const stop = new AbortController();
  const updates = { count: 0 };
  void countUpdates(url, token, updates, stop.signal).catch(() => undefined); // it ends with the soak
  const session = await page.context().newCDPSession(page);
  const heaps: { minute: number; mib: number; nodes: number }[] = [];
  const begun = Date.now();
  while (Date.now() - begun <= SOAK_MINUTES * 60_000) {
    await page.waitForTimeout(30_000);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes } = await session.send("Memory.getDOMCounters");
    heaps.push({ minute: (Date.now() - begun) / 60_000, mib: usedSize / 1024 ** 2, nodes });
    console.log(heaps.at(-1), updates);
  }
  stop.abort();
  const settled = heaps.slice(1);
  console.log(`heap ${heaps[0]?.mib.toFixed(1)} → ${heaps.at(-1)?.mib.toFixed(1)} MiB over ${updates.count} updates of workers`);
  console.log(`its trend over an hour, extrapolated from ${SOAK_MINUTES} minutes: ${(60 * slope(settled)).toFixed(1)} MiB`);
}

async function countUpdates(url: string, token: string, updates: { count: number }, signal: AbortSignal): Promise<void> {
  const answer = await fetch(`${url}/api/v1/stream`, { headers: { Authorization: `Bearer ${token}` }, signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (!signal.aborted) {
    const { value, done } = (await reader?.read()) ?? { value: "", done: true };
    if (done) return;
    updates.count += value.split("event: worker.updated").length - 1;
  }
}

/** MiB a minute, by least squares. */
function slope(points: readonly { minute: number; mib: number }[]): number {
  const mean = (of: (point: { minute: number; mib: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [minute, mib] = [mean((point) => point.minute), mean((point) => point.mib)];
  const spread = mean((point) => (point.minute - minute) ** 2);
  return mean((point) => (point.minute - minute) * (point.mib - mib)) / spread;
}

function tell(what: string, times: number[], unit: string): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]?.toFixed(0);
  console.log(`${what}: median ${at(0.5)}, slowest of ${times.length} ${at(1)} ${unit}`);
}
