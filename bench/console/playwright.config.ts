import { defineConfig } from "@playwright/test";

import tests from "../../tests/browser/playwright.config";

// `cd console && npm run bench`: what the page costs with a large fleet. Wall times are measured here, and asserted nowhere.
export default defineConfig(tests, {
  testDir: ".",
  testMatch: "*.bench.ts",
  outputDir: "../../build/bench",
  timeout: 7_200_000,
  use: { trace: "off" },
});
