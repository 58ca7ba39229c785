import Alert from "@cloudscape-design/components/alert";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";

import { TableOrCards } from "../../components/table-or-cards";
import { Moment } from "../../components/time";
import { useFleet } from "../../hooks/use-fleet";
import { useTitle } from "../../hooks/use-title";
import { useWhyNot } from "../../hooks/use-why-not";
import { TokensTable } from "./tokens-table";

/** Accounts and regions as AWS answers for them, and who may come in; the rest is configured where the service runs. */
export function SettingsPage() {
  useTitle("Settings");
  const { data: fleet, isPending } = useFleet();
  const whyNot = useWhyNot("admin", { wholeFleet: true });
  return (
    <ContentLayout header={<Header variant="h1">Settings</Header>}>
      <SpaceBetween size="l">
        <Alert type="info">
          Discovery, intervals, retention and the fleet's CML credentials are set where the service runs: in cmlfleet.toml
          or the environment; <code>cmlfleet serve --print-config</code> prints what is in force. A worker's own
          credentials and its certificate are under More on the worker.
        </Alert>
        <TableOrCards
          label="Accounts and regions"
          items={[...(fleet?.regions ?? [])]}
          loading={isPending}
          loadingText="Reading the regions"
          wrapLines
          header={<Header variant="h2">Accounts and regions</Header>}
          columns={[
            { id: "account", header: "Account", cell: (region) => region.account_id, isRowHeader: true },
            { id: "region", header: "Region", cell: (region) => region.region, minWidth: 120 },
            { id: "workers", header: "Workers", cell: (region) => region.workers },
            {
              id: "outcome",
              header: "AWS answers",
              minWidth: 300,
              cell: (region) => (
                <StatusIndicator type={region.error_code === null ? "success" : "error"}>
                  <span className="words">
                    {region.error_code === null ? "yes" : `${region.operation ?? ""} ${region.error_code}`}
                  </span>
                </StatusIndicator>
              ),
            },
            { id: "detail", header: "Why", cell: (region) => region.detail ?? "", minWidth: 220 },
            {
              id: "since",
              header: "Since",
              minWidth: 180,
              cell: (region) => (region.since === null ? "" : <Moment at={region.since} />),
            },
          ]}
          empty="No region was swept yet"
        />
        {whyNot === null ? <TokensTable /> : <Alert type="info">API tokens: {whyNot.toLowerCase()}.</Alert>}
      </SpaceBetween>
    </ContentLayout>
  );
}
