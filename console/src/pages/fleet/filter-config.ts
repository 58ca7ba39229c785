// By what one may filter: the fields that `GET /api/v1/workers` filters by.
import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";

import type { Fleet, Worker } from "../../api/types";
import { localTime } from "../../format/time";

type Property = PropertyFilterProps.FilteringProperty;

function words(key: string, propertyLabel: string): Property {
  return { key, propertyLabel, groupValuesLabel: propertyLabel, operators: ["=", "!="] };
}

function alternatives(key: string, propertyLabel: string): Property {
  return {
    key,
    propertyLabel,
    groupValuesLabel: propertyLabel,
    operators: [{ operator: "=", tokenType: "enum" }, "!="],
  };
}

function figure(key: string, propertyLabel: string): Property {
  return {
    key,
    propertyLabel,
    groupValuesLabel: propertyLabel,
    operators: [">", ">=", "<", "<=", "=", "!="],
    defaultOperator: ">",
  };
}

/** A moment in the viewer's zone, as everywhere; `1h` and `in 7d` as they are. */
export function momentWords(value: unknown): string {
  const text = String(value);
  return /^\d{4}-\d{2}-\d{2}T/.test(text) ? localTime(text) : text;
}

function time(key: string, propertyLabel: string): Property {
  const operators = (["<", "<=", ">", ">="] as const).map((operator) => ({ operator, format: momentWords }));
  return { key, propertyLabel, groupValuesLabel: propertyLabel, operators, defaultOperator: "<" };
}

export const PROPERTIES: Property[] = [
  alternatives("status", "Status"),
  alternatives("health", "Health"),
  alternatives("region", "Region"),
  alternatives("account_id", "Account"),
  { key: "label", propertyLabel: "Label", groupValuesLabel: "Labels", operators: ["="] },
  words("name", "Name"),
  words("instance_type", "Type"),
  words("cml_version", "CML version"),
  words("role", "Role"),
  words("public_ip", "Public address"),
  words("private_ip", "Private address"),
  words("maintenance_mode", "Maintenance"),
  figure("cpu_utilization", "CPU (%)"),
  figure("memory_utilization", "Memory (%)"),
  figure("disk_utilization", "Disk (%)"),
  figure("labs_count", "Labs"),
  figure("labs_running", "Labs running"),
  figure("nodes_running", "Nodes running"),
  figure("cost_per_hour_usd", "Cost per hour (USD)"),
  figure("scheduled_events", "Scheduled AWS events"),
  figure("certificate_shared_with", "Workers with the same certificate"),
  time("last_refreshed_at", "Last refresh"),
  time("nodes_idle_since", "No node runs since"),
  time("launched_at", "Launched"),
  time("license_expires_at", "Licence expires"),
];

const STATUSES = ["pending", "running", "stopping", "stopped", "shutting-down", "terminated", "missing", "unknown"];
const HEALTHS = ["ready", "booting", "degraded", "unreachable", "unlicensed", "unknown", "off"];
const AGES = ["5m", "1h", "1d", "7d"]; // that long ago
const TIMES_AHEAD = ["in 7d", "in 30d", "in 90d"];

/** What to choose from, out of what there is. */
export function filteringOptions(fleet: Fleet | undefined, shown: readonly Worker[]): PropertyFilterProps.FilteringOption[] {
  const of = (propertyKey: string, values: Iterable<string | null>) =>
    [...new Set(values)].flatMap((value) => (value === null || value === "" ? [] : { propertyKey, value }));
  return [
    ...of("status", STATUSES),
    ...of("health", HEALTHS),
    ...of("region", Object.keys(fleet?.by_region ?? {})),
    ...of("account_id", Object.keys(fleet?.by_account ?? {})),
    ...of("label", shown.flatMap((worker) => Object.entries(worker.labels).map(([key, value]) => `${key}=${value}`))),
    ...of("instance_type", shown.map((worker) => worker.instance_type)),
    ...of("cml_version", shown.map((worker) => worker.cml_version)),
    ...of("maintenance_mode", ["true", "false"]),
    ...of("role", ["standalone", "controller", "compute", "unknown"]),
    ...["last_refreshed_at", "nodes_idle_since", "launched_at"].flatMap((key) => of(key, AGES)),
    ...of("license_expires_at", TIMES_AHEAD),
  ];
}
