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

/** A refresh that was saved though one of its sources failed; the detail says which. */
export function isDoneInPart({ state, detail }: Operation["items"][number]): boolean {
  return state === "done" && detail !== null;
}

/** How it ended, in a sentence. */
export function endWords(operation: Operation): string {
  const failed = operation.items.filter((item) => item.state === "failed").length;
  const inPart = operation.items.filter(isDoneInPart).length;
  const name = operationName(operation);
  if (failed > 0) return `${name}: ${failed} of ${operation.total} failed`;
  return `${name} done${inPart > 0 ? `; a source failed for ${counted(inPart, "worker")}` : ""}`;
}

/** In whole percent: it is read out. */
export function percentDone({ done, total }: Pick<Operation, "done" | "total">): number {
  return total === 0 ? 0 : Math.round((100 * done) / total);
}

export function isRunning({ state }: Operation): boolean {
  return state === "pending" || state === "running";
}
