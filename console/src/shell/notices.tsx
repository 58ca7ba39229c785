import Button from "@cloudscape-design/components/button";
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate } from "react-router-dom";

import type { Operation } from "../api/types";
import { endWords, isRunning, operationName, percentDone, remaining } from "../format/operations";
import { serverNow } from "../format/clock";
import { shortTime } from "../format/time";
import { useNotices } from "../hooks/use-notices";
import { useNow } from "../hooks/use-now";
import { useOperations } from "../hooks/use-operations";
import { useLive } from "../live/live-provider";

const FLASH_TYPE: Record<string, FlashbarProps.Type> = { done: "success", failed: "error", partly_failed: "warning" };

/** Above every page: a lost connection, long work that runs, and what was done. */
export function Notices() {
  const { items } = useNotices();
  const connection = useConnectionNotice();
  const operations = useOperationNotices();
  return (
    <Flashbar
      items={[...connection, ...operations, ...items]}
      i18nStrings={{
        ariaLabel: "Notices",
        successIconAriaLabel: "Done",
        errorIconAriaLabel: "Failed",
        warningIconAriaLabel: "Warning",
        infoIconAriaLabel: "Information",
        inProgressIconAriaLabel: "Running",
      }}
    />
  );
}

function useConnectionNotice(): FlashbarProps.MessageDefinition[] {
  const { connection, retryNow } = useLive();
  const now = useNow();
  if (connection.state !== "lost") return [];
  const left = Math.max(0, connection.retryAt - now);
  return [
    {
      id: "connection",
      type: "error",
      header: "The connection to the service is lost",
      content: `What you see is as of ${shortTime(new Date(connection.since).toISOString(), now)}.`,
      // Beside what is announced: nobody wants each second read out.
      action: (
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          <span>{left > 0 ? `Trying again in ${Math.ceil(left / 1000)} s` : "Trying again"}</span>
          <Button onClick={retryNow}>Try now</Button>
        </SpaceBetween>
      ),
      ariaRole: "status",
    },
  ];
}

/** Work that runs is shown in every window, after a reload too; work that ended, where it ran while the page was open. */
function useOperationNotices(): FlashbarProps.MessageDefinition[] {
  const { data: operations = [] } = useOperations();
  const navigate = useNavigate();
  const now = useNow();
  const [openedAt] = useState(serverNow);
  const [noticed, setNoticed] = useState<ReadonlySet<string>>(new Set());
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set());

  // What is quick may begin and end between two drawings of the page: nobody sees it run.
  const fresh = operations.filter(
    (operation) =>
      !noticed.has(operation.id) && (isRunning(operation) || Date.parse(operation.created_at) >= openedAt),
  );
  if (fresh.length > 0) setNoticed(new Set([...noticed, ...fresh.map((operation) => operation.id)]));

  return operations
    .filter((operation) => noticed.has(operation.id) && !dismissed.has(operation.id))
    .map((operation) => ({
      id: operation.id,
      type: isRunning(operation) ? ("in-progress" as const) : (FLASH_TYPE[operation.state] ?? "info"),
      content: <Progress operation={operation} now={now} />,
      action: <Button onClick={() => void navigate(`/operations?id=${operation.id}`)}>Show</Button>,
      dismissible: true,
      dismissLabel: "Dismiss",
      onDismiss: () => setDismissed(new Set([...dismissed, operation.id])),
    }));
}

function Progress({ operation, now }: { operation: Operation; now: number }) {
  const { done, total } = operation;
  if (!isRunning(operation)) return <>{endWords(operation)}</>;
  return (
    <ProgressBar
      variant="flash"
      value={percentDone(operation)}
      label={operationName(operation)}
      additionalInfo={[`${done} of ${total}`, remaining(operation, now)].filter(Boolean).join(", ")}
    />
  );
}
