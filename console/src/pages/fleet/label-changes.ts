// Labels of many workers in one form: what they share is shown, what differs is left alone unless it is typed over.
import type { Worker } from "../../api/types";

export interface LabelRow {
  key: string;
  value: string;
  /** The workers' values differ: the row stands for all of them. */
  differs: boolean;
}

export function commonLabels(workers: readonly Pick<Worker, "labels">[]): LabelRow[] {
  const keys = [...new Set(workers.flatMap(({ labels }) => Object.keys(labels)))].sort();
  return keys.map((key) => {
    const values = new Set(workers.map(({ labels }) => labels[key]));
    const [only] = values;
    const differs = values.size > 1;
    return { key, value: differs ? "" : (only ?? ""), differs };
  });
}

/** What to send: rows that are new or typed over, and null for those that were taken away. */
export function labelChanges(before: readonly LabelRow[], after: readonly LabelRow[]): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const { key } of before) if (!after.some((row) => row.key.trim() === key)) changes[key] = null;
  for (const row of after) {
    const was = before.find(({ key }) => key === row.key.trim());
    if (row.key.trim() === "" || (row.differs && row.value === "")) continue;
    if (was === undefined || was.value !== row.value) changes[row.key.trim()] = row.value;
  }
  return changes;
}

export function problemWithKey(key: string, rows: readonly LabelRow[]): string | null {
  if (key.trim() === "") return "A label needs a key";
  if (/[=,]/.test(key)) return "A key holds neither = nor ,";
  if (rows.filter((row) => row.key.trim() === key.trim()).length > 1) return "This key is here twice";
  return null;
}
