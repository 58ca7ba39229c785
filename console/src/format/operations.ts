import type { Operation } from "../api/types";
import { counted } from "./figures";
import { duration } from "./time";

const KINDS: Record<string, string> = { refresh: "Refresh", import: "First reading" };

export function operationName({ kind, total }: Pick<Operation, "kind" | "total">): string {
  return `${KINDS[kind] ?? kind.replaceAll("_", " ")} of ${counted(total, "worker")}`;
}

/** What is left at the pace so far; nothing before there is a pace. */
export function remaining({ done, total, created_at }: Operation, now: number): string | null {
  const spent = now - Date.parse(created_at);
  if (done === 0 || done >= total || spent <= 0) return null;
  return `about ${duration((spent / done) * (total - done) + 999)} left`;
}

/** In whole percent: it is read out. */
export function percentDone({ done, total }: Pick<Operation, "done" | "total">): number {
  return total === 0 ? 0 : Math.round((100 * done) / total);
}

export function isRunning({ state }: Operation): boolean {
  return state === "pending" || state === "running";
}
