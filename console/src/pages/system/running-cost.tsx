import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";

import type { Fleet } from "../../api/types";
import { Unknown } from "../../components/unknown";
import { count, money } from "../../format/figures";
import { useFleet } from "../../hooks/use-fleet";

type Scope = Fleet["by_region"][string] & { kind: string; name: string };

const HOURS_A_MONTH = 730; // as AWS's own calculator has it

function cost(perHour: number | null, hours = 1) {
  return perHour === null ? <Unknown reason="no price is known" /> : money(perHour * hours);
}

function descriptionOf(fleet: Fleet): string {
  const idle = fleet.idle_cost_per_hour_usd ?? 0;
  const prices = `At list prices of ${fleet.prices_as_of}, without storage and traffic.`;
  return idle > 0 ? `${prices} ${money(idle)} an hour of it is for workers on which no node runs.` : prices;
}

/** What runs now costs, and where. */
export function RunningCost() {
  const { data: fleet } = useFleet();
  const scopes: Scope[] = [
    ...Object.entries(fleet?.by_account ?? {}).map(([name, scope]) => ({ kind: "Account", name, ...scope })),
    ...Object.entries(fleet?.by_region ?? {}).map(([name, scope]) => ({ kind: "Region", name, ...scope })),
  ];
  return (
    <Table
      items={scopes}
      trackBy={(scope) => `${scope.kind}/${scope.name}`}
      loading={fleet === undefined}
      loadingText="Reading the fleet"
      ariaLabels={{ tableLabel: "Running cost" }}
      header={
        <Header
          variant="h2"
          counter={fleet?.cost_per_hour_usd == null ? undefined : `(${money(fleet.cost_per_hour_usd)} an hour)`}
          description={fleet && descriptionOf(fleet)}
        >
          Running cost
        </Header>
      }
      columnDefinitions={[
        { id: "name", header: "Where", cell: ({ kind, name }) => `${kind} ${name}`, isRowHeader: true },
        { id: "workers", header: "Workers", cell: (scope) => count(scope.workers) },
        { id: "running", header: "Running", cell: (scope) => count(scope.running) },
        { id: "hour", header: "Per hour", cell: (scope) => cost(scope.cost_per_hour_usd) },
        { id: "month", header: "Per month of that", cell: (scope) => cost(scope.cost_per_hour_usd, HOURS_A_MONTH) },
      ]}
      empty="No worker"
    />
  );
}
