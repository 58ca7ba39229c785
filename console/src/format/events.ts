import type { WorkerEvent } from "../api/types";

/** `CMLWorkerStatusChangedDomainEvent` → "Worker status changed". */
export function eventName(type: string): string {
  const words = type
    .replace(/DomainEvent$/, "")
    .replace(/^CML(?=[A-Z])/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const MOST_CHARACTERS = 300;

/** "running → stopped, reason …"; whatever else an event carries is told as key and value. */
export function eventWords({ data }: Pick<WorkerEvent, "data">): string {
  const rest = { ...data };
  const parts: string[] = [];
  if ("before" in data || "after" in data) {
    parts.push(...changed(data.before, data.after));
    delete rest.before;
    delete rest.after;
  }
  for (const [key, value] of Object.entries(rest)) {
    if (value !== null && value !== undefined) parts.push(`${key.replaceAll("_", " ")} ${word(value)}`);
  }
  const text = parts.join(", ");
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Of records only what differs. */
function changed(before: unknown, after: unknown): string[] {
  if (!isRecord(after) || !(isRecord(before) || before === null || before === undefined)) {
    return [`${word(before)} → ${word(after)}`];
  }
  return [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])]
    .filter((key) => word(before?.[key]) !== word(after[key]))
    .flatMap((key) => changed(before?.[key], after[key]).map((words) => `${key.replaceAll("_", " ")} ${words}`));
}

function word(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
