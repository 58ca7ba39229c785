import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";

import type { Worker } from "../../api/types";
import { Bar } from "../../components/bar";
import { SOURCE_WORDS, type SourceName } from "../../components/doubt";
import { Figure } from "../../components/figure";
import { LicenseWord, Outcome, whyUnknown } from "../../components/status";
import { Age } from "../../components/time";
import { Uptime } from "../../components/uptime";
import { Unknown } from "../../components/unknown";
import { count } from "../../format/figures";

function Check({ passed, name }: { passed: boolean | null; name: string }) {
  if (passed === null) return <StatusIndicator type="pending">{name}: not known</StatusIndicator>;
  return (
    <StatusIndicator type={passed ? "success" : "error"}>
      <span className="words">{`${name}: ${passed ? "passes" : "fails"}`}</span>
    </StatusIndicator>
  );
}

function sourceOf(name: string | null): SourceName | undefined {
  return name === "cloudwatch" || name === "cml" ? name : undefined;
}

function wordOf(source: SourceName | undefined): string {
  return source === undefined ? "not read" : SOURCE_WORDS[source];
}

export function CMLTab({ worker }: { worker: Worker }) {
  const figure = (children: ReactNode, source: SourceName = "cml") => (
    <Figure worker={worker} source={source} reason={whyUnknown(worker)}>
      {children}
    </Figure>
  );
  const percent = (value: number | null, label: string, source?: SourceName) =>
    figure(value === null ? null : <Bar value={value} label={label} />, source);
  const [cpuSource, memorySource] = [sourceOf(worker.cpu_source), sourceOf(worker.memory_source)];
  const license = worker.cml_license?.authorization ?? worker.cml_license?.status ?? null;
  const parts = Object.entries(worker.sources.cml.parts);
  const raw = worker.cml_system_info === null ? null : JSON.stringify(worker.cml_system_info, null, 2);
  return (
    <SpaceBetween size="l">
      {worker.maintenance_mode === true && (
        <Alert type="info" header="CML is in maintenance mode">
          {worker.maintenance_notice}
        </Alert>
      )}
      {worker.last_cml_api_error !== null && <Alert type="warning">{worker.last_cml_api_error}</Alert>}
      <KeyValuePairs
        columns={4}
        items={[
          { label: "Version", value: figure(worker.cml_version) },
          { label: "Ready", value: figure(worker.cml_ready === null ? null : worker.cml_ready ? "yes" : "not yet") },
          { label: "Uptime", value: <Uptime worker={worker} /> },
          { label: "Read", value: <Age at={worker.last_cml_api_sync_at} /> },
          { label: `CPU (${wordOf(cpuSource)})`, value: percent(worker.cpu_utilization, "CPU", cpuSource) },
          { label: `Memory (${wordOf(memorySource)})`, value: percent(worker.memory_utilization, "Memory", memorySource) },
          { label: "Disk", value: percent(worker.disk_utilization, "Disk") },
          {
            label: "Nodes running",
            value: figure(
              worker.nodes_running === null
                ? null
                : `${count(worker.nodes_running)}${worker.nodes_limit === null ? "" : ` of ${count(worker.nodes_limit)}`}`,
            ),
          },
          { label: "No node runs since", value: worker.nodes_idle_since === null ? "–" : <Age at={worker.nodes_idle_since} /> },
          { label: "Licence", value: figure(license === null ? null : <LicenseWord word={license} />) },
          { label: "Maintenance", value: worker.maintenance_mode === null ? <Unknown reason="not read" /> : worker.maintenance_mode ? "on" : "off" },
          { label: "Labs", value: figure(worker.labs_count === null ? null : count(worker.labs_count)) },
        ]}
      />
      <section aria-label="Health checks">
        <Box variant="h3">Health checks</Box>
        {Object.keys(worker.cml_health).length === 0 && <Unknown reason="CML's health was not read" />}
        <SpaceBetween size="xxs">
          {Object.entries(worker.cml_health).map(([name, passed]) => (
            <Check key={name} name={name} passed={passed} />
          ))}
        </SpaceBetween>
      </section>
      <Table
        variant="embedded"
        items={parts}
        wrapLines
        header={<Box variant="h3">What was read</Box>}
        empty="Nothing was read yet"
        ariaLabels={{ tableLabel: "What was read" }}
        columnDefinitions={[
          { id: "part", header: "Part", cell: ([name]) => name.replaceAll("_", " "), isRowHeader: true },
          { id: "outcome", header: "Outcome", cell: ([, part]) => <Outcome outcome={part.outcome} /> },
          { id: "read", header: "Read", cell: ([, part]) => <Age at={part.read_at} /> },
          { id: "why", header: "Why", cell: ([, part]) => [part.error_code, part.detail].filter(Boolean).join(": ") },
        ]}
      />
      {worker.compute_hosts.length > 0 && (
        <Table
          variant="embedded"
          items={[...worker.compute_hosts]}
          trackBy="id"
          header={<Box variant="h3">Compute hosts</Box>}
          ariaLabels={{ tableLabel: "Compute hosts" }}
          columnDefinitions={[
            { id: "host", header: "Host", cell: (host) => host.hostname, isRowHeader: true },
            { id: "role", header: "Role", cell: (host) => (host.is_controller ? "controller" : "compute") },
            { id: "admission", header: "Admission", cell: (host) => host.admission_state ?? "–" },
            { id: "connected", header: "Connected", cell: (host) => <Check name="connection" passed={host.is_connected} /> },
          ]}
        />
      )}
      {raw !== null && (
        <ExpandableSection
          headerText="System information as CML gave it"
          headerActions={
            <CopyToClipboard
              copyButtonText="Copy"
              textToCopy={raw}
              copySuccessText="Copied"
              copyErrorText="Not copied"
            />
          }
        >
          <pre className="json" tabIndex={0} aria-label="System information">
            {raw}
          </pre>
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}
