// What else the fleet's page names a worker for, beside its health: said again where its link leads.
import type { Worker } from "../../api/types";
import { money } from "../../format/figures";
import { duration, localTime } from "../../format/time";

const HOUR_MS = 3_600_000;
const IDLE_AFTER_MS = HOUR_MS; // as the service counts it
export const LICENSE_SOON_MS = 30 * 24 * HOUR_MS;
const DISK_ATTENTION_PERCENT = 90;

export interface Concern {
  words: string;
  /** The tab that tells more. */
  tab: "license" | "labs" | "metrics";
}

export function concernsOf(worker: Worker, now: number): Concern[] {
  if (worker.status !== "running") return [];
  return [licenseConcern(worker, now), idleConcern(worker, now), diskConcern(worker)].filter((each) => each !== null);
}

function licenseConcern({ cml_license }: Worker, now: number): Concern | null {
  const expiresAt = cml_license?.expires_at ?? null;
  if (expiresAt === null) return null;
  const left = Date.parse(expiresAt) - now;
  if (left >= LICENSE_SOON_MS) return null;
  const words =
    left > 0
      ? `The licence expires in ${duration(left)}, on ${localTime(expiresAt)}.`
      : `The licence has expired on ${localTime(expiresAt)}.`;
  return { words, tab: "license" };
}

function idleConcern({ nodes_idle_since, cost_per_hour_usd }: Worker, now: number): Concern | null {
  if (nodes_idle_since === null) return null;
  const idle = now - Date.parse(nodes_idle_since);
  if (idle < IDLE_AFTER_MS) return null;
  const cost = cost_per_hour_usd === null ? "" : `, which cost ${money((cost_per_hour_usd * idle) / HOUR_MS)} at list price`;
  return { words: `No node has run for ${duration(idle)}${cost}.`, tab: "labs" };
}

function diskConcern({ disk_utilization }: Worker): Concern | null {
  if (disk_utilization === null || disk_utilization < DISK_ATTENTION_PERCENT) return null;
  return { words: `The disk is ${Math.floor(disk_utilization)} % full.`, tab: "metrics" };
}
