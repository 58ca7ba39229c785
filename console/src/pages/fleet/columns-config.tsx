import Box from "@cloudscape-design/components/box";
import type { TableProps } from "@cloudscape-design/components/table";
import { useLocation } from "react-router-dom";

import type { Worker } from "../../api/types";
import { Bar } from "../../components/bar";
import { Figure } from "../../components/figure";
import { Labels } from "../../components/labels";
import { PageLink } from "../../components/page-link";
import { EC2Status, Health, LicenseWord, whyUnknown } from "../../components/status";
import { Age } from "../../components/time";
import { Unknown } from "../../components/unknown";
import { Uptime } from "../../components/uptime";
import { count, money } from "../../format/figures";
import { duration } from "../../format/time";
import { useNow } from "../../hooks/use-now";
import { LICENSE_SOON_MS } from "../worker/concerns";
import type { Preferences } from "./preferences";

export interface Column extends TableProps.ColumnDefinition<Worker> {
  id: string;
  label: string;
  /** Shown until somebody chooses otherwise. */
  usual: boolean;
}

export function WorkerLink({ worker }: { worker: Worker }) {
  const { search } = useLocation();
  return <PageLink to={`/workers/${encodeURIComponent(worker.id)}${search}`}>{worker.name}</PageLink>;
}

function Percent({ worker, value, source, readAt, label }: {
  worker: Worker;
  value: number | null;
  source: "cloudwatch" | "cml";
  readAt?: string | null;
  label: string;
}) {
  return (
    <Figure worker={worker} source={source} readAt={readAt ?? null} reason={whyUnknown(worker)}>
      {value === null ? null : <Bar value={value} label={label} />}
    </Figure>
  );
}

function sourceOf(name: string | null): "cloudwatch" | "cml" {
  return name === "cml" ? "cml" : "cloudwatch";
}

function LicenseCell({ worker }: { worker: Worker }) {
  const now = useNow();
  const license = worker.cml_license;
  const word = license?.authorization ?? license?.status ?? null;
  const left = license?.expires_at == null ? null : Date.parse(license.expires_at) - now;
  return (
    <Figure worker={worker} source="cml" reason={whyUnknown(worker)}>
      {word === null ? null : (
        <>
          <LicenseWord word={word} />
          {left !== null && left < LICENSE_SOON_MS && (
            <Box color="text-status-error" fontSize="body-s">
              {left > 0 ? `expires in ${duration(left)}` : "expired"}
            </Box>
          )}
        </>
      )}
    </Figure>
  );
}

function of(part: number | null, whole: number | null): string | null {
  if (part === null && whole === null) return null;
  return whole === null ? count(part ?? 0) : `${part === null ? "?" : count(part)} / ${count(whole)}`;
}

function Labs({ worker }: { worker: Worker }) {
  return (
    <Figure worker={worker} source="cml" reason={worker.labs_reason ?? whyUnknown(worker)}>
      {of(worker.labs_running, worker.labs_count)}
    </Figure>
  );
}

function Nodes({ worker }: { worker: Worker }) {
  return (
    <Figure worker={worker} source="cml" reason={whyUnknown(worker)}>
      {worker.nodes_running === null ? null : of(worker.nodes_running, worker.nodes_limit)}
    </Figure>
  );
}

function column(id: string, label: string, usual: boolean, rest: Partial<Column> & Pick<Column, "cell">): Column {
  return { id, label, usual, header: label, ...rest };
}

export const COLUMNS: Column[] = [
  column("name", "Name", true, {
    cell: (worker) => <WorkerLink worker={worker} />,
    sortingField: "name",
    isRowHeader: true,
    minWidth: 130,
  }),
  column("health", "Health", true, {
    cell: (worker) => <Health worker={worker} />,
    sortingField: "health",
    minWidth: 95,
  }),
  column("status", "Status", true, { cell: (worker) => <EC2Status status={worker.status} />, sortingField: "status", minWidth: 110 }),
  column("region", "Region", false, { cell: (worker) => worker.region, sortingField: "region", minWidth: 100 }),
  column("account_id", "Account", false, { cell: (worker) => worker.account_id, sortingField: "account_id" }),
  column("instance_type", "Type", false, {
    cell: (worker) => worker.instance_type ?? <Unknown reason="not read yet" />,
    sortingField: "instance_type",
    minWidth: 110,
  }),
  column("cpu_utilization", "CPU", true, {
    cell: (worker) => (
      <Percent
        worker={worker}
        value={worker.cpu_utilization}
        source={sourceOf(worker.cpu_source)}
        readAt={worker.cpu_metrics_at}
        label="CPU"
      />
    ),
    sortingField: "cpu_utilization",
    minWidth: 120,
  }),
  column("memory_utilization", "Memory", true, {
    cell: (worker) => (
      <Percent
        worker={worker}
        value={worker.memory_utilization}
        source={sourceOf(worker.memory_source)}
        readAt={worker.memory_metrics_at}
        label="Memory"
      />
    ),
    sortingField: "memory_utilization",
    minWidth: 120,
  }),
  column("disk_utilization", "Disk", false, {
    cell: (worker) => <Percent worker={worker} value={worker.disk_utilization} source="cml" label="Disk" />,
    sortingField: "disk_utilization",
    minWidth: 95,
  }),
  column("labs_running", "Labs", true, { cell: (worker) => <Labs worker={worker} />, sortingField: "labs_running", minWidth: 80 }),
  column("nodes_running", "Nodes", true, {
    cell: (worker) => <Nodes worker={worker} />,
    sortingField: "nodes_running",
    minWidth: 90,
  }),
  column("cml_version", "CML", false, {
    cell: (worker) => worker.cml_version ?? <Unknown reason={whyUnknown(worker)} />,
    sortingField: "cml_version",
  }),
  column("uptime", "Uptime", false, { cell: (worker) => <Uptime worker={worker} />, sortingField: "ready_since" }),
  column("cost_per_hour_usd", "Cost/h", true, {
    cell: (worker) =>
      worker.cost_per_hour_usd === null ? (
        <Unknown reason="no list price is known for this type" />
      ) : (
        money(worker.cost_per_hour_usd)
      ),
    sortingField: "cost_per_hour_usd",
    minWidth: 80,
  }),
  column("license", "Licence", true, {
    cell: (worker) => <LicenseCell worker={worker} />,
    sortingField: "license_expires_at",
    minWidth: 150,
  }),
  column("last_refreshed_at", "Refreshed", true, {
    cell: (worker) => <Age at={worker.last_refreshed_at} />,
    sortingField: "last_refreshed_at",
    minWidth: 120,
  }),
  column("labels", "Labels", false, { cell: (worker) => <Labels labels={worker.labels} /> }),
];

export const USUAL: Preferences = {
  columns: COLUMNS.map(({ id, usual }) => ({ id, visible: usual })),
  size: 25,
  isCompact: false,
};
