import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";

import type { System } from "../../api/types";
import { Age } from "../../components/time";
import { Unknown } from "../../components/unknown";
import { count } from "../../format/figures";

interface Props {
  system: System | undefined;
}

/** The process that schedules; while none does, nothing is refreshed in the background. */
export function Leader({ system }: Props) {
  if (system === undefined) return <Unknown reason="not read yet" />;
  if (system.leader === null) return <StatusIndicator type="error">none: nothing is scheduled</StatusIndicator>;
  return <span className="long">{system.leader}</span>;
}

/** Fires of monitoring groups between the leader and the processes that refresh. */
export function Queue({ system }: Props) {
  if (system === undefined) return <Unknown reason="not read yet" />;
  if (system.queue === null) return "none: one process does everything";
  return `${count(system.queue.waiting)} waiting, ${count(system.queue.taken)} taken`;
}

export function ProcessesTable({ system }: Props) {
  return (
    <Table
      items={[...(system?.processes ?? [])]}
      trackBy="id"
      wrapLines
      loading={system === undefined}
      loadingText="Reading the processes"
      ariaLabels={{ tableLabel: "Processes" }}
      header={
        <Header variant="h2" counter={system && `(${system.processes.length})`}>
          Processes
        </Header>
      }
      columnDefinitions={[
        { id: "id", header: "Process", cell: (process) => <span className="long">{process.id}</span>, isRowHeader: true, minWidth: 130 },
        { id: "roles", header: "Roles", cell: (process) => process.roles.join(", "), minWidth: 130 },
        {
          id: "leads",
          header: "Leads",
          cell: ({ leads }) => (leads ? <StatusIndicator type="success">yes</StatusIndicator> : "no"),
          minWidth: 90,
        },
        { id: "host", header: "Host", cell: ({ host, pid }) => `${host}, pid ${pid}`, minWidth: 150 },
        { id: "version", header: "Version", cell: (process) => process.version },
        { id: "started", header: "Started", cell: (process) => <Age at={process.started_at} />, minWidth: 110 },
        { id: "running", header: "Groups running", cell: (process) => count(process.groups_running) },
        {
          id: "throttled",
          header: "AWS slows down",
          minWidth: 150,
          cell: ({ aws_throttled }) =>
            aws_throttled.length === 0 ? "nothing" : <StatusIndicator type="warning">{aws_throttled.join(", ")}</StatusIndicator>,
        },
      ]}
      empty="No process has told of itself yet"
    />
  );
}
