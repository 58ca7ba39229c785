// The real OpenID provider that the Python tests use too.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { until } from "./product";

const FOLDER = resolve(__dirname, "../../support/openid_provider");
export const CLIENT = { id: "cmlfleet", secret: "the-secret-of-cmlfleet" };

/** Its libraries come with `make test`'s tools. */
export const isInstalled = existsSync(resolve(FOLDER, "node_modules/oidc-provider"));

export async function withProvider(port: number, redirectUri: string, use: () => Promise<void>): Promise<void> {
  const provider = spawn(process.execPath, ["provider.mjs", String(port), "one", redirectUri], {
    cwd: FOLDER,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  provider.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()));
  try {
    await until(() => output.includes("ready"), "the OpenID provider is ready");
    await use();
  } finally {
    provider.kill("SIGKILL");
  }
}
