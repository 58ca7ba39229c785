import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";

import type { Worker } from "../../api/types";
import { ActionModal } from "../../components/action-modal";
import { counted } from "../../format/figures";

interface Props {
  workers: readonly Worker[];
  busy: boolean;
  onForget: () => void;
  onClose: () => void;
}

const MOST_NAMED = 20;

/** Names what goes before it goes. */
export function ForgetModal({ workers, busy, onForget, onClose }: Props) {
  const labs = workers.reduce((sum, worker) => sum + (worker.labs_running ?? 0), 0);
  return (
    <ActionModal
      header={workers.length === 1 ? `Forget ${workers[0]?.name ?? ""}?` : `Forget ${counted(workers.length, "worker")}?`}
      action="Forget"
      busy={busy}
      error={null}
      onAction={onForget}
      onClose={onClose}
    >
      <Alert type="warning">
        The record, its labels and its credentials go; its history of events stays. The instance and its labs live on
        {labs > 0 ? ` (${counted(labs, "lab")} running now)` : ""}, unwatched. Only an explicit import brings it back.
      </Alert>
      <ul>
        {workers.slice(0, MOST_NAMED).map((worker) => (
          <li key={worker.id}>
            {worker.name} <Box variant="code">{worker.instance_id}</Box>
          </li>
        ))}
        {workers.length > MOST_NAMED && <li>and {workers.length - MOST_NAMED} more</li>}
      </ul>
    </ActionModal>
  );
}
