// What the stream says, applied to what is shown: only the fields that changed, only on what is loaded.
import type { Operation, Worker, WorkerList } from "../api/types";

export interface WorkerUpdate {
  id: string;
  version: number;
  changes: Partial<Worker>;
}

/** The later update wins field by field. */
export function merge(earlier: WorkerUpdate | undefined, later: WorkerUpdate): WorkerUpdate {
  if (earlier === undefined) return later;
  return { ...later, changes: { ...earlier.changes, ...later.changes } };
}

/** The same object when there is nothing to change, so that nothing is drawn again. */
export function patchWorker(worker: Worker, update: WorkerUpdate | undefined): Worker {
  if (update === undefined || update.version <= worker.version) return worker;
  return { ...worker, ...update.changes, monitoring: monitoringOf(worker, update), version: update.version };
}

/** The stream does not know when the next refresh is; what was known stays until it is read again. */
function monitoringOf(worker: Worker, { changes }: WorkerUpdate): Worker["monitoring"] {
  if (changes.monitoring === undefined) return worker.monitoring;
  return { ...changes.monitoring, next_refresh_at: changes.monitoring.next_refresh_at ?? worker.monitoring.next_refresh_at };
}

/** Rows keep their places: a new order is asked of the service, never made under somebody's pointer. */
export function patchList(list: WorkerList, updates: ReadonlyMap<string, WorkerUpdate>): WorkerList {
  const items = list.items.map((worker) => patchWorker(worker, updates.get(worker.id)));
  return items.every((worker, index) => worker === list.items[index]) ? list : { ...list, items };
}

/** The newest first; what the stream leaves out (each worker's part) stays as it was read. */
export function patchOperations(known: Operation[], update: Omit<Operation, "items">): Operation[] {
  const before = known.find((operation) => operation.id === update.id);
  const after: Operation = { ...update, items: before?.items ?? [] };
  return before === undefined ? [after, ...known] : known.map((operation) => (operation.id === update.id ? after : operation));
}

/** Whether an update may move rows of a list that is filtered and sorted by these fields, or bring a new one. */
export function mayMove(update: WorkerUpdate, fields: ReadonlySet<string>): boolean {
  return "created_at" in update.changes || Object.keys(update.changes).some((field) => fields.has(field));
}
