import type { Worker } from "../api/types";
import { whyUnknown } from "./status";
import { Lasting } from "./time";
import { Unknown } from "./unknown";

/** Ticks from the moment that the service counts from: the later of the launch and of the first ready reading. */
export function Uptime({ worker }: { worker: Worker }) {
  const since = worker.ready_since ?? worker.launched_at;
  if (worker.cml_uptime_seconds === null || since === null) return <Unknown reason={whyUnknown(worker)} />;
  return <Lasting since={Math.max(Date.parse(since), Date.parse(worker.launched_at ?? since))} />;
}
