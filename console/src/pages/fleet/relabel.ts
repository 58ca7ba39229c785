import { api, ApiError, ok } from "../../api/client";
import type { Worker } from "../../api/types";
import { eventWords } from "../../format/events";

export type LabelChanges = Record<string, string | null>;

/** Somebody was faster; the message says who, and what they did. */
export class ChangedMeanwhile extends Error {}

const LABELS_CHANGED = "CMLWorkerLabelsChangedDomainEvent";

/** Changes labels of a worker as it was read; `overwrites` whatever somebody else made of them since. Throws
 * ChangedMeanwhile. */
export async function relabel(worker: Worker, changes: LabelChanges, overwrites: boolean): Promise<void> {
  const params = { path: { worker_id: worker.id } };
  const read = Object.fromEntries(Object.keys(changes).map((key) => [key, worker.labels[key] ?? null]));
  const body = { labels: changes, expected_labels: overwrites ? {} : read };
  try {
    await ok(api.PATCH("/api/v1/workers/{worker_id}", { params, body }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const query = { type: LABELS_CHANGED, limit: 1 };
    const events = await ok(api.GET("/api/v1/workers/{worker_id}/events", { params: { ...params, query } }));
    const [last] = events.items;
    if (last === undefined) throw error;
    throw new ChangedMeanwhile(`Changed meanwhile by ${last.actor}: ${eventWords(last)}.`);
  }
}
