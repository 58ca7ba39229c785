import Box from "@cloudscape-design/components/box";
import Icon from "@cloudscape-design/components/icon";
import type { ReactNode } from "react";

import type { Worker } from "../api/types";
import { shortTime, utcTime } from "../format/time";
import { useNow } from "../hooks/use-now";
import { doubtOf, SOURCE_WORDS, type SourceName } from "./doubt";
import { Unknown } from "./unknown";

interface Props {
  worker: Worker;
  source: SourceName;
  /** When the figure was read, where it has a time of its own. */
  readAt?: string | null;
  reason: string;
  children: ReactNode;
}

/** A figure with where and when it was read; one that is not fresh looks so, and says since when and why. */
export function Figure({ worker, source, readAt, reason, children }: Props) {
  const now = useNow();
  const doubt = doubtOf(worker, source);
  const at = readAt ?? worker.sources[source].read_at;
  const read = at === null ? "never read" : `read at ${utcTime(at)}`;
  const due = worker.sources[source].next_due_at;
  if (children === null || children === undefined) {
    // A figure that does not apply needs no excuse; one that could not be read does.
    const isMissing = worker.status === "running" && doubt !== null;
    return <Unknown reason={isMissing ? `${doubt.words}${sinceWords(doubt.since, now)}` : reason} />;
  }
  if (doubt === null) {
    const next = due === null ? "" : `, next due ${shortTime(due, now)}`;
    return <span title={`${SOURCE_WORDS[source]}, ${read}${next}`}>{children}</span>;
  }
  const words = `${doubt.words}${sinceWords(doubt.since, now)}; ${read}`;
  return (
    <span title={words} className="doubtful">
      <Box variant="span" color="text-body-secondary">
        <i>{children}</i>{" "}
      </Box>
      <Icon name="status-warning" variant="subtle" size="small" ariaLabel={`not fresh: ${words}`} />
    </span>
  );
}

function sinceWords(since: string | null, now: number): string {
  return since === null ? "" : ` since ${shortTime(since, now)}`;
}
