import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import { api, ok, wordsOf } from "../../api/client";
import type { AuditEntry } from "../../api/types";
import { MoreButton } from "../../components/more-button";
import { PageLink } from "../../components/page-link";
import { TableOrCards, type Column } from "../../components/table-or-cards";
import { Age, Moment } from "../../components/time";
import { actionWords, auditQuery, auditWords } from "../../format/audit";
import { serverNow } from "../../format/clock";
import { count } from "../../format/figures";
import { useCursorList } from "../../hooks/use-cursor-list";
import { useTitle } from "../../hooks/use-title";
import { AuditFilters } from "./audit-filters";
import { useAuditFilter } from "./use-audit-filter";

const RESULT: Record<string, StatusIndicatorProps.Type> = { done: "success", refused: "warning", failed: "error" };

const COLUMNS: Column<AuditEntry>[] = [
  {
    id: "at",
    header: "When",
    cell: ({ at }) => (
      <>
        <Moment at={at} />
        <Box color="text-body-secondary" fontSize="body-s">
          <Age at={at} />
        </Box>
      </>
    ),
    minWidth: 170,
  },
  {
    id: "actor",
    header: "Who",
    cell: ({ actor, actor_kind, role, address }) => (
      <span className="long">
        {actor}
        <Box color="text-body-secondary" fontSize="body-s">
          {[actor_kind, role, address].filter(Boolean).join(", ")}
        </Box>
      </span>
    ),
    minWidth: 150,
  },
  {
    id: "action",
    header: "What",
    cell: ({ action }) => <span className="long">{actionWords(action)}</span>,
    isRowHeader: true,
    minWidth: 140,
  },
  {
    id: "worker",
    header: "Worker",
    cell: ({ worker_id }) =>
      worker_id === null ? "" : <PageLink to={`/workers/${encodeURIComponent(worker_id)}?tab=activity`}>{worker_id}</PageLink>,
    minWidth: 200,
  },
  {
    id: "result",
    header: "Result",
    cell: ({ result, detail }) => (
      <>
        <StatusIndicator type={RESULT[result] ?? "info"}>{result}</StatusIndicator>
        {detail !== null && (
          <Box color="text-body-secondary" fontSize="body-s">
            <span className="long">{detail}</span>
          </Box>
        )}
      </>
    ),
    minWidth: 130,
  },
  {
    id: "changes",
    header: "Before and after",
    cell: (entry) => <span className="long">{auditWords(entry)}</span>,
    minWidth: 200,
  },
];

/** Who did, or tried, what, from where. */
export function AuditPage() {
  useTitle("Audit");
  const { filter, change } = useAuditFilter();
  const list = useCursorList(["audit", filter], (cursor, signal) =>
    ok(
      api.GET("/api/v1/audit", {
        signal,
        params: { query: { ...auditQuery(filter, serverNow()), limit: 100, cursor: cursor ?? null } },
      }),
    ),
  );
  const exported = new URLSearchParams(auditQuery(filter, serverNow())).toString();
  return (
    <ContentLayout header={<Header variant="h1">Audit</Header>}>
      {list.error !== null && <Alert type="error">{wordsOf(list.error)}</Alert>}
      <TableOrCards
        label="Audit"
        items={list.items}
        trackBy="id"
        wrapLines
        loading={list.isPending}
        loadingText="Reading the audit trail"
        columns={COLUMNS}
        stickyHeader
        header={
          <Header
            variant="h2"
            counter={list.total === undefined ? undefined : `(${count(list.total)})`}
            actions={
              <Button iconName="download" href={`/api/v1/audit/export?${exported}`} download="audit.jsonl">
                Export as JSON lines
              </Button>
            }
          >
            Who did, or tried, what
          </Header>
        }
        filter={<AuditFilters filter={filter} change={change} />}
        footer={
          <MoreButton
            hasMore={list.hasNextPage}
            busy={list.isFetchingNextPage}
            onMore={() => void list.fetchNextPage()}
          />
        }
        empty="Nothing of that kind was done or tried"
      />
    </ContentLayout>
  );
}
