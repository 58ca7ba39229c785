import Alert from "@cloudscape-design/components/alert";
import Header from "@cloudscape-design/components/header";

import { wordsOf } from "../../api/client";
import type { Worker } from "../../api/types";
import { EVENT_COLUMNS } from "../../components/event-columns";
import { PageLink } from "../../components/page-link";
import { TableOrCards } from "../../components/table-or-cards";
import { useWorkerEvents } from "./use-worker";

export function ActivityTab({ worker }: { worker: Worker }) {
  const { data, error, isPending } = useWorkerEvents(worker);
  if (error !== null) return <Alert type="error">{wordsOf(error)}</Alert>;
  const isMore = data?.next_cursor != null;
  return (
    <TableOrCards
      label="Activity"
      variant="embedded"
      trackBy="id"
      wrapLines
      loading={isPending}
      loadingText="Reading what happened"
      items={data?.items ?? []}
      columns={EVENT_COLUMNS}
      header={
        <Header variant="h3" counter={data === undefined ? undefined : `(${data.total})`}>
          Activity
        </Header>
      }
      footer={isMore && <PageLink to={`/activity?worker_id=${worker.id}`}>All of it</PageLink>}
      empty="Nothing happened yet"
    />
  );
}
