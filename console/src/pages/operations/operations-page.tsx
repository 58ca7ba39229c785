import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Modal from "@cloudscape-design/components/modal";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { api, ok, wordsOf } from "../../api/client";
import type { Operation } from "../../api/types";
import { PageLink } from "../../components/page-link";
import { OperationState } from "../../components/status";
import { Age, Moment } from "../../components/time";
import { isDoneInPart, isRunning, operationName, percentDone, remaining } from "../../format/operations";
import { duration } from "../../format/time";
import { useNow } from "../../hooks/use-now";
import { useOperations } from "../../hooks/use-operations";
import { useParameter } from "../../hooks/use-parameter";
import { useTitle } from "../../hooks/use-title";

export function OperationsPage() {
  useTitle("Operations");
  const { data = [], error, isPending } = useOperations();
  const [shown, show] = useParameter("id");
  return (
    <ContentLayout header={<Header variant="h1">Operations</Header>}>
      {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
      <Table
        items={data}
        trackBy="id"
        loading={isPending}
        loadingText="Reading the operations"
        ariaLabels={{ tableLabel: "Operations" }}
        header={<Header variant="h2">What runs and ran</Header>}
        columnDefinitions={[
          {
            id: "name",
            header: "Operation",
            isRowHeader: true,
            cell: (operation) => (
              <Link
                href={`/operations?id=${operation.id}`}
                onFollow={(event) => {
                  event.preventDefault();
                  show(operation.id);
                }}
              >
                {operationName(operation)}
              </Link>
            ),
          },
          { id: "state", header: "State", cell: ({ state }) => <OperationState state={state} /> },
          { id: "done", header: "Done", cell: (operation) => <Done operation={operation} /> },
          { id: "by", header: "By", cell: ({ created_by }) => created_by },
          { id: "begun", header: "Begun", cell: ({ created_at }) => <Age at={created_at} /> },
          { id: "took", header: "Took", cell: (operation) => <Took operation={operation} /> },
        ]}
        empty="Nothing was asked for yet"
      />
      {shown !== "" && <OperationModal id={shown} onClose={() => show("")} />}
    </ContentLayout>
  );
}

function Done({ operation }: { operation: Operation }) {
  const now = useNow();
  const { done, total } = operation;
  if (!isRunning(operation)) return `${done} of ${total}`;
  return (
    <ProgressBar
      value={percentDone(operation)}
      ariaLabel={operationName(operation)}
      additionalInfo={remaining(operation, now) ?? undefined}
    />
  );
}

function Took({ operation: { created_at, finished_at } }: { operation: Operation }) {
  const now = useNow();
  return duration((finished_at === null ? now : Date.parse(finished_at)) - Date.parse(created_at));
}

/** Each worker's part, what failed first. */
function OperationModal({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ["operations", id],
    queryFn: ({ signal }) =>
      ok(api.GET("/api/v1/operations/{operation_id}", { signal, params: { path: { operation_id: id } } })),
    refetchInterval: ({ state }) => (state.data !== undefined && !isRunning(state.data) ? false : READ_AGAIN_MS),
  });
  const items = [...(data?.items ?? [])].sort((a, b) => rank(a) - rank(b));
  return (
    <Modal visible size="large" onDismiss={onClose} closeAriaLabel="Close" header={data ? operationName(data) : "Operation"}>
      <SpaceBetween size="m">
        {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
        {data !== undefined && (
          <Box>
            <OperationState state={data.state} /> begun by {data.created_by} <Moment at={data.created_at} />
          </Box>
        )}
        <Table
          variant="embedded"
          items={items.slice(0, MOST_SHOWN)}
          trackBy="worker_id"
          wrapLines
          ariaLabels={{ tableLabel: "Workers" }}
          columnDefinitions={[
            {
              id: "worker",
              header: "Worker",
              isRowHeader: true,
              cell: ({ worker_id, name }) => <PageLink to={`/workers/${worker_id}`}>{name ?? worker_id}</PageLink>,
            },
            {
              id: "state",
              header: "State",
              cell: (item) => <OperationState state={isDoneInPart(item) ? "done_in_part" : item.state} />,
            },
            { id: "detail", header: "Why", cell: ({ detail }) => detail ?? "" },
          ]}
          footer={items.length > MOST_SHOWN && `${items.length - MOST_SHOWN} more`}
        />
      </SpaceBetween>
    </Modal>
  );
}

const READ_AGAIN_MS = 2_000;
const MOST_SHOWN = 200; // failures come first
const ORDER = ["failed", "running", "pending", "done"];

function rank(item: Operation["items"][number]): number {
  return isDoneInPart(item) ? 0.5 : ORDER.indexOf(item.state);
}
