import { existsSync } from "node:fs";

import { defineConfig } from "@playwright/test";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/google-chrome"];
const executablePath = process.env.CHROMIUM ?? BROWSERS.find(existsSync);

// One test after the other: the machine has two cores, and the service and the simulator want one.
export default defineConfig({
  testDir: ".",
  outputDir: "../../build/browser/results",
  workers: 1,
  timeout: 150_000, // two cores that others may use too
  expect: { timeout: 15_000 },
  forbidOnly: true,
  reporter: "list",
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
    },
  },
});
