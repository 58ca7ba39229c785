import Alert from "@cloudscape-design/components/alert";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TextFilter from "@cloudscape-design/components/text-filter";

import { api, ok, wordsOf } from "../../api/client";
import type { Lab } from "../../api/types";
import { LAB_COLUMNS, NoLabs } from "../../components/labs-table";
import { MoreButton } from "../../components/more-button";
import { PageLink } from "../../components/page-link";
import { TableOrCards } from "../../components/table-or-cards";
import { count } from "../../format/figures";
import { useCursorList } from "../../hooks/use-cursor-list";
import { useParameter } from "../../hooks/use-parameter";
import { useTitle } from "../../hooks/use-title";
import { UnreadLabs } from "./unread-labs";

const ANY = { value: "", label: "Any state" };
const STATES = [ANY, ...["STARTED", "STOPPED", "DEFINED_ON_CORE", "QUEUED"].map((value) => ({ value, label: value }))];

const COLUMNS = [
  ...LAB_COLUMNS.slice(0, 1),
  {
    id: "worker",
    header: "Worker",
    cell: (lab: Lab) => <PageLink to={`/workers/${lab.worker_id}?tab=labs`}>{lab.worker_name}</PageLink>,
    minWidth: 140,
  },
  ...LAB_COLUMNS.slice(1),
];

export function LabsPage() {
  useTitle("Labs");
  const [q, setQ] = useParameter("q");
  const [state, setState] = useParameter("state");
  const list = useCursorList(["labs", q, state], (cursor, signal) =>
    ok(
      api.GET("/api/v1/labs", {
        signal,
        params: { query: { limit: 100, q: q || null, state: state || null, cursor: cursor ?? null } },
      }),
    ),
  );
  return (
    <ContentLayout header={<Header variant="h1">Labs</Header>}>
      {list.error !== null && <Alert type="error">{wordsOf(list.error)}</Alert>}
      <SpaceBetween size="m">
        <UnreadLabs unread={list.data?.pages[0]?.unread} />
        <TableOrCards
          label="Labs"
          items={list.items}
          wrapLines
          trackBy={(lab) => `${lab.worker_id}/${lab.id}`}
          loading={list.isPending}
          loadingText="Reading the labs"
          columns={COLUMNS}
          stickyHeader
          header={
            <Header variant="h2" counter={list.total === undefined ? undefined : `(${count(list.total)})`}>
              Labs of the whole fleet
            </Header>
          }
          filter={
            <Grid gridDefinition={[{ colspan: { default: 12, s: 6 } }, { colspan: { default: 12, s: 3 } }]}>
              <TextFilter
                filteringText={q}
                onChange={({ detail }) => setQ(detail.filteringText)}
                filteringPlaceholder="Find labs"
                filteringAriaLabel="Find labs by title, owner or worker"
              />
              <Select
                selectedOption={STATES.find((each) => each.value === state) ?? { value: state, label: state }}
                options={STATES}
                onChange={({ detail }) => setState(detail.selectedOption.value ?? "")}
                ariaLabel="State"
              />
            </Grid>
          }
          footer={
            <MoreButton
              hasMore={list.hasNextPage}
              busy={list.isFetchingNextPage}
              onMore={() => void list.fetchNextPage()}
            />
          }
          empty={<NoLabs reason={q !== "" || state !== "" ? "No lab matches" : "No labs"} />}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
