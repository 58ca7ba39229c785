import Popover from "@cloudscape-design/components/popover";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import type { Worker } from "../api/types";
import { Moment } from "./time";

type Type = StatusIndicatorProps.Type;

const STATUS: Record<string, Type> = {
  pending: "in-progress",
  running: "success",
  stopping: "in-progress",
  stopped: "stopped",
  "shutting-down": "in-progress",
  terminated: "stopped",
  missing: "not-started",
  unknown: "pending",
};

const HEALTH: Record<string, Type> = {
  ready: "success",
  booting: "in-progress",
  unreachable: "error",
  degraded: "warning",
  unlicensed: "warning",
  unknown: "pending",
  off: "stopped",
};

/** EC2's word for the state; one that a newer server knows is shown as it is. */
export function EC2Status({ status }: { status: string }) {
  return <StatusIndicator type={STATUS[status] ?? "info"}>{status}</StatusIndicator>;
}

/** With what is wrong and since when, for whoever asks. */
export function Health({ worker }: { worker: Worker }) {
  const indicator = <StatusIndicator type={HEALTH[worker.health] ?? "info"}>{worker.health}</StatusIndicator>;
  if (worker.health_reasons.length === 0) return indicator;
  return (
    <Popover
      key={worker.id} // one that is open does not stay so for another worker
      triggerAriaLabel={`${worker.health}: ${worker.health_reason ?? "why"}`}
      dismissAriaLabel="Close"
      wrapTriggerText={false}
      header={`${worker.name} is ${worker.health}`}
      content={
        <SpaceBetween size="xxs">
          {worker.health_reasons.map((reason) => (
            <div key={reason.code}>
              {reason.text} (since <Moment at={reason.since} />)
            </div>
          ))}
        </SpaceBetween>
      }
    >
      {indicator}
    </Popover>
  );
}

const LAB: Record<string, Type> = {
  STARTED: "success",
  QUEUED: "in-progress",
  BOOTED: "success",
  STOPPED: "stopped",
  DEFINED_ON_CORE: "not-started",
};

/** CML's own word. */
export function LabState({ state }: { state: string }) {
  return <StatusIndicator type={LAB[state] ?? "info"}>{state}</StatusIndicator>;
}

const OPERATION: Record<string, Type> = {
  pending: "pending",
  running: "in-progress",
  done: "success",
  failed: "error",
  partly_failed: "warning",
  done_in_part: "warning",
};

export function OperationState({ state }: { state: string }) {
  return <StatusIndicator type={OPERATION[state] ?? "info"}>{state.replaceAll("_", " ")}</StatusIndicator>;
}

const LICENSE: Record<string, Type> = {
  IN_COMPLIANCE: "success",
  COMPLETED: "success",
  OUT_OF_COMPLIANCE: "error",
  EXPIRED: "error",
  FAILED: "error",
};

/** CML's own words for registration and authorization. */
export function LicenseWord({ word }: { word: string }) {
  return (
    <StatusIndicator type={LICENSE[word] ?? "info"}>
      <span className="words">{word.replaceAll("_", " ").toLowerCase()}</span>
    </StatusIndicator>
  );
}

const OUTCOME: Record<string, Type> = { ok: "success", skipped: "stopped", no_data: "pending", error: "error" };

export function Outcome({ outcome }: { outcome: string | null }) {
  const word = outcome ?? "never read";
  return <StatusIndicator type={OUTCOME[word] ?? "pending"}>{word.replaceAll("_", " ")}</StatusIndicator>;
}

/** Why a worker's figures are not known, in a word. */
export function whyUnknown(worker: Worker): string {
  if (worker.status !== "running") return `the worker is ${worker.status}`;
  return worker.sources.cml.reason ?? worker.health_reason ?? "not read yet";
}
