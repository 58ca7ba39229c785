// The cluster that the Python tests use too: several processes, PostgreSQL and Redis.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { until } from "./product";

const ROOT = resolve(__dirname, "../../..");
const START_MS = 120_000; // two databases and three processes

interface Cluster {
  url: string;
  token: string;
}

/** Redis comes with `make test`'s tools. */
export const isInstalled = (process.env.PATH ?? "").split(":").some((folder) => existsSync(resolve(folder, "redis-server")));

export async function withCluster(use: (cluster: Cluster) => Promise<void>): Promise<void> {
  const running = spawn(resolve(ROOT, ".venv/bin/python"), ["-m", "tests.support.cluster_for_browsers"], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise((done) => running.once("exit", done));
  let said = "";
  let complaints = "";
  running.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  running.stderr.on("data", (bytes: Buffer) => (complaints += bytes.toString()));
  try {
    await until(
      () => {
        if (running.exitCode !== null) throw new Error(`the cluster ended:\n${complaints}`);
        return said.includes("\n");
      },
      "the cluster is ready",
      START_MS,
    );
    await use(JSON.parse(said) as Cluster);
  } finally {
    running.stdin.end();
    await ended;
  }
}
