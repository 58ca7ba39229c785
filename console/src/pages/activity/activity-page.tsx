import Alert from "@cloudscape-design/components/alert";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, ok, wordsOf } from "../../api/client";
import type { WorkerEvent } from "../../api/types";
import { EVENT_COLUMNS } from "../../components/event-columns";
import { MoreButton } from "../../components/more-button";
import { PageLink } from "../../components/page-link";
import { TableOrCards } from "../../components/table-or-cards";
import { count } from "../../format/figures";
import { useCursorList } from "../../hooks/use-cursor-list";
import { useParameter } from "../../hooks/use-parameter";
import { useTitle } from "../../hooks/use-title";
import { useLive } from "../../live/live-provider";

const COLUMNS = [
  ...EVENT_COLUMNS.slice(0, 1),
  {
    id: "worker",
    header: "Worker",
    cell: (event: WorkerEvent) => (
      <PageLink to={`/workers/${event.worker_id}?tab=activity`}>{event.worker_name ?? event.worker_id}</PageLink>
    ),
    minWidth: 150,
  },
  ...EVENT_COLUMNS.slice(1),
];
const READ_AGAIN_MS = 2_000;

export function ActivityPage() {
  useTitle("Activity");
  const client = useQueryClient();
  const { onBatch } = useLive();
  const [workerId, setWorkerId] = useParameter("worker_id");
  const [type, setType] = useParameter("type");
  const [actor, setActor] = useParameter("actor");
  const list = useCursorList(["events", workerId, type, actor], (cursor, signal) =>
    ok(
      api.GET("/api/v1/events", {
        signal,
        params: {
          query: {
            limit: 100,
            worker_id: workerId || null,
            type: type || null,
            actor: actor || null,
            cursor: cursor ?? null,
          },
        },
      }),
    ),
  );

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = onBatch(() => {
      timer ??= setTimeout(() => {
        timer = null;
        void client.invalidateQueries({ queryKey: ["events"] });
      }, READ_AGAIN_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [client, onBatch]);

  return (
    <ContentLayout header={<Header variant="h1">Activity</Header>}>
      {list.error !== null && <Alert type="error">{wordsOf(list.error)}</Alert>}
      <TableOrCards
        label="Activity"
        items={list.items}
        trackBy="id"
        wrapLines
        loading={list.isPending}
        loadingText="Reading what happened"
        columns={COLUMNS}
        stickyHeader
        header={
          <Header variant="h2" counter={list.total === undefined ? undefined : `(${count(list.total)})`}>
            What happened, the newest first
          </Header>
        }
        filter={
          <Grid gridDefinition={[4, 4, 4].map((s) => ({ colspan: { default: 12, s } }))}>
            <FormField label="Worker id">
              <Input value={workerId} onChange={({ detail }) => setWorkerId(detail.value)} placeholder="w-…" />
            </FormField>
            <FormField label="What">
              <Input
                value={type}
                onChange={({ detail }) => setType(detail.value)}
                placeholder="CMLWorkerHealthChangedDomainEvent"
              />
            </FormField>
            <FormField label="By">
              <Input value={actor} onChange={({ detail }) => setActor(detail.value)} placeholder="schedule, a token" />
            </FormField>
          </Grid>
        }
        footer={
          <MoreButton
            hasMore={list.hasNextPage}
            busy={list.isFetchingNextPage}
            onMore={() => void list.fetchNextPage()}
          />
        }
        empty="Nothing of that kind happened"
      />
    </ContentLayout>
  );
}
