import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ApiError, ok, wordsOf } from "../../api/client";
import type { Operation, Worker } from "../../api/types";
import { counted } from "../../format/figures";
import { useNotices } from "../../hooks/use-notices";
import { ChangedMeanwhile, relabel, type LabelChanges } from "./relabel";

/** Some by name, or what a list of them would show. */
export type Which = { workerIds: string[] } | { matching: string };

export interface Labelling {
  /** As they were when somebody began to edit. */
  workers: readonly Worker[];
  changes: LabelChanges;
  overwrites: boolean;
}

interface Failure {
  worker: Worker;
  words: string;
}

/** One worker after the other; what fails is told by name and does not stop the rest. Throws when nothing was done, so
 * that the dialog stays with what was typed. */
async function each(workers: readonly Worker[], act: (worker: Worker) => Promise<unknown>): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const worker of workers) {
    try {
      await act(worker);
    } catch (error) {
      failures.push({ worker, words: wordsOf(error) });
      if (failures.length === workers.length) throw error;
    }
  }
  return failures;
}

function isSessionEnd(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** What one may do with many workers at once. */
export function useBulk() {
  const client = useQueryClient();
  const { tell } = useNotices();

  const settled = (done: string, workers: readonly Worker[], failures: Failure[]) => {
    void client.invalidateQueries({ queryKey: ["workers"] });
    void client.invalidateQueries({ queryKey: ["fleet"] });
    const well = workers.length - failures.length;
    if (well > 0) tell({ type: "success", content: `${counted(well, "worker")} ${done}.` });
    for (const { worker, words } of failures) tell({ type: "error", header: worker.name, content: words });
  };

  // A session that has ended asks for itself.
  const failed = (header: string, error: unknown) => {
    if (!isSessionEnd(error)) tell({ type: "error", header, content: wordsOf(error) });
  };

  const refresh = useMutation({
    mutationFn: (which: Which) =>
      ok(
        api.POST("/api/v1/workers/refresh", {
          body: "workerIds" in which ? { worker_ids: which.workerIds } : {},
          querySerializer: () => ("matching" in which ? which.matching : ""),
        }),
      ),
    onSuccess: (operation) =>
      client.setQueryData<Operation[]>(["operations"], (known = []) => [
        operation,
        ...known.filter((each) => each.id !== operation.id),
      ]),
    onError: (error) => failed("Not refreshed", error),
  });

  const label = useMutation({
    mutationFn: ({ workers, changes, overwrites }: Labelling) =>
      each(workers, (worker) => relabel(worker, changes, overwrites)),
    onSuccess: (failures, { workers }) => settled("labelled", workers, failures),
    onError: (error) => {
      if (!(error instanceof ChangedMeanwhile)) failed("Not labelled", error); // the dialog tells, and asks
    },
  });

  const forget = useMutation({
    mutationFn: (workers: readonly Worker[]) =>
      each(workers, ({ id }) => ok(api.DELETE("/api/v1/workers/{worker_id}", { params: { path: { worker_id: id } } }))),
    onSuccess: (failures, workers) => settled("forgotten", workers, failures),
    onError: (error) => failed("Not forgotten", error),
  });

  return { refresh, label, forget };
}
