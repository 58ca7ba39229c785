import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { api, ok, wordsOf } from "../../api/client";
import { Age, Countdown } from "../../components/time";
import { Unknown } from "../../components/unknown";
import { count } from "../../format/figures";
import { useTitle } from "../../hooks/use-title";
import { CloudWatchPerMonth, CloudWatchSoFar } from "./cloudwatch-cost";
import { Leader, ProcessesTable, Queue } from "./processes-table";
import { RunningCost } from "./running-cost";

const READ_AGAIN_MS = 5_000;
const dash = <Unknown reason="not read yet" />;

/** The service itself: what is otherwise read from logs. */
export function SystemPage() {
  useTitle("System");
  const { data, error, isPending } = useQuery({
    queryKey: ["system"],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/system", { signal })),
    refetchInterval: READ_AGAIN_MS,
  });
  return (
    <ContentLayout header={<Header variant="h1">System</Header>}>
      <SpaceBetween size="l">
        {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
        <Container header={<Header variant="h2">This service</Header>}>
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Version", value: data?.version ?? dash },
              { label: "Roles", value: data?.roles.join(", ") ?? dash },
              { label: "Database", value: data?.database ?? dash },
              { label: "Events to deliver", value: data === undefined ? dash : count(data.outbox_pending) },
              { label: "Leader", value: <Leader system={data} /> },
              { label: "Queue of refreshes", value: <Queue system={data} /> },
              { label: "CloudWatch since the start", value: <CloudWatchSoFar system={data} /> },
              { label: "CloudWatch per month", value: <CloudWatchPerMonth system={data} /> },
            ]}
          />
        </Container>
        <ProcessesTable system={data} />
        <RunningCost />
        <Table
          items={[...(data?.groups ?? [])]}
          trackBy="id"
          loading={isPending}
          loadingText="Reading the groups"
          ariaLabels={{ tableLabel: "Monitoring groups" }}
          header={
            <Header variant="h2" counter={data && `(${data.groups.length})`}>
              Monitoring groups
            </Header>
          }
          columnDefinitions={[
            { id: "id", header: "Group", cell: (group) => group.id, isRowHeader: true },
            { id: "account", header: "Account", cell: (group) => group.account_id },
            { id: "region", header: "Region", cell: (group) => group.region },
            { id: "workers", header: "Workers", cell: (group) => count(group.workers) },
            { id: "last", header: "Last fire", cell: (group) => <Age at={group.last_fire_at} /> },
            { id: "next", header: "Next fire", cell: (group) => <Countdown at={group.next_fire_at} /> },
          ]}
          empty="No worker is monitored"
        />
        <Table
          items={[...(data?.aws_budgets ?? [])]}
          trackBy={(budget) => `${budget.account_id}/${budget.region}/${budget.operation}`}
          loading={isPending}
          loadingText="Reading the budgets"
          ariaLabels={{ tableLabel: "AWS budgets" }}
          header={<Header variant="h2">AWS budgets</Header>}
          columnDefinitions={[
            { id: "operation", header: "Operation", cell: (budget) => budget.operation, isRowHeader: true },
            { id: "account", header: "Account", cell: (budget) => budget.account_id },
            { id: "region", header: "Region", cell: (budget) => budget.region },
            { id: "tokens", header: "Calls left now", cell: (budget) => count(Math.floor(budget.tokens)) },
            { id: "rate", header: "Per second", cell: (budget) => budget.rate_per_second },
            {
              id: "throttled",
              header: "Throttled",
              cell: (budget) => (
                <StatusIndicator type={budget.throttled ? "warning" : "success"}>
                  {budget.throttled ? "yes" : "no"}
                </StatusIndicator>
              ),
            },
          ]}
          empty="AWS was not asked anything yet"
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
