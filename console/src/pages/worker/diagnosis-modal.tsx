import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import type { WorkerActions } from "./use-worker";

const STATES: Record<string, StatusIndicatorProps.Type> = { ok: "success", warning: "warning", failed: "error" };

interface Props {
  worker: Worker;
  diagnose: WorkerActions["diagnose"];
  onClose: () => void;
}

/** Why a worker does not answer: a finding for each thing looked at, with its fix. */
export function DiagnosisModal({ worker, diagnose, onClose }: Props) {
  const found = diagnose.data;
  return (
    <Modal visible size="large" onDismiss={onClose} closeAriaLabel="Close" header={`Diagnosis of ${worker.name}`}>
      <SpaceBetween size="m">
        {diagnose.isPending && <StatusIndicator type="loading">Looking along the way to CML</StatusIndicator>}
        {diagnose.error !== null && <Alert type="error">{wordsOf(diagnose.error)}</Alert>}
        {found !== undefined && (
          <>
            <Box variant="h3">{found.summary}</Box>
            {found.findings.map((finding) => (
              <div key={finding.check}>
                <StatusIndicator type={STATES[finding.state] ?? "info"}>
                  <b>{finding.check.replaceAll("_", " ")}</b>: {finding.text}
                </StatusIndicator>
                {finding.fix !== null && <Box margin={{ left: "l" }}>{finding.fix}</Box>}
              </div>
            ))}
          </>
        )}
      </SpaceBetween>
    </Modal>
  );
}
