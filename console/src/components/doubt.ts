// When a figure is not fresh: since when, and why.
import type { Source, Worker } from "../api/types";

export type SourceName = "ec2" | "cloudwatch" | "cml";

export const SOURCE_WORDS: Record<SourceName, string> = { ec2: "EC2", cloudwatch: "CloudWatch", cml: "CML" };

export interface Doubt {
  words: string;
  since: string | null;
}

/** What is to be said of a source's figures, or null while they are fresh. */
export function doubtOf(worker: Worker, name: SourceName): Doubt | null {
  const source: Source = worker.sources[name];
  if (source.outcome === "error") {
    const why = source.reason ?? source.error_code ?? "it fails";
    return { words: `${SOURCE_WORDS[name]} fails: ${why}`, since: source.failing_since };
  }
  if (source.stale) return { words: `${SOURCE_WORDS[name]} was not read as often as planned`, since: source.read_at };
  return null;
}
