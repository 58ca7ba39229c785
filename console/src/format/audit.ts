import type { AuditEntry } from "../api/types";
import { eventName, eventWords } from "./events";

/** `UpdateWorkerCommand` → "Update worker"; `GET /api/v1/workers`, which was refused at the door, stays. */
export function actionWords(action: string): string {
  if (action.includes(" ")) return action;
  return eventName(action.replace(/(Command|Query)$/, ""));
}

/** What is different now, else what was asked for. */
export function auditWords({ changes = [], request }: Pick<AuditEntry, "changes" | "request">): string {
  if (changes.length === 0) return eventWords({ data: request });
  return changes
    .map(({ what, before, after }) => {
      // A password that was changed shows in neither.
      return `${eventName(what)}: ${eventWords({ data: { before, after } }) || "saved"}`;
    })
    .join("; ");
}

/** For the list and for the export alike; `period` such as `24h` means that long ago. */
export function auditQuery(filter: AuditFilter, now: number): Record<string, string> {
  const { period, from, to, ...rest } = filter;
  const hours = PERIODS[period];
  const times = hours === undefined ? { from, to } : { from: new Date(now - hours * HOUR_MS).toISOString(), to: "" };
  return Object.fromEntries(Object.entries({ ...rest, ...times }).filter(([, value]) => value !== ""));
}

export interface AuditFilter {
  actor: string;
  action: string;
  worker_id: string;
  result: string;
  period: string;
  from: string;
  to: string;
}

const HOUR_MS = 3_600_000;
export const PERIODS: Record<string, number> = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 };
