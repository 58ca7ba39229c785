import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import { wordsOf } from "../../api/client";
import type { Samples, Worker } from "../../api/types";
import { Chart, type Mark } from "../../components/chart";
import { eventName } from "../../format/events";
import { useNow } from "../../hooks/use-now";
import { columnsOf, csvOf, FIGURES, type FigureName } from "./sample-series";
import { RANGES, useSamples, useWorkerEvents, type Range } from "./use-worker";

interface Panel {
  title: string;
  names: FigureName[];
  unit: string;
  most?: number;
}

const PANELS: Panel[] = [
  { title: "Utilization", names: ["cpu_utilization", "memory_utilization", "disk_utilization"], unit: "%", most: 100 },
  { title: "Nodes", names: ["nodes_running"], unit: "" },
  { title: "Labs", names: ["labs_running", "labs_count"], unit: "" },
];
const MARKED = /Status|Health|Ready|Certificate|License/; // what explains a bend in a line
const MINUTE_MS = 60_000;

export function MetricsTab({ worker }: { worker: Worker }) {
  const [parameters, setParameters] = useSearchParams();
  const asked = parameters.get("range") ?? "1h";
  const range: Range = asked in RANGES ? (asked as Range) : "1h";
  const { data, error } = useSamples(worker.id, range);
  const events = useWorkerEvents(worker).data;
  const to = Math.ceil(useNow() / MINUTE_MS) * (MINUTE_MS / 1000);
  const from = to - RANGES[range].ms / 1000;
  const marks = useMemo<Mark[]>(
    () =>
      (events?.items ?? [])
        .filter((event) => MARKED.test(event.type))
        .map((event) => ({ at: Date.parse(event.occurred_at) / 1000, label: eventName(event.type) })),
    [events],
  );
  const choose = (chosen: string) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        after.set("range", chosen);
        return after;
      },
      { replace: true },
    );
  return (
    <SpaceBetween size="m">
      <SpaceBetween direction="horizontal" size="s">
        <SegmentedControl
          label="Time range"
          selectedId={range}
          onChange={({ detail }) => choose(detail.selectedId)}
          options={Object.entries(RANGES).map(([id, { label }]) => ({ id, text: label }))}
        />
        <Button
          iconName="download"
          disabled={data === undefined || data.points.length === 0}
          disabledReason="There is nothing to export"
          onClick={() => data !== undefined && download(`${worker.name}-${range}.csv`, csvOf(data.points))}
        >
          Export CSV
        </Button>
      </SpaceBetween>
      {error !== null && <Alert type="error">{wordsOf(error)}</Alert>}
      {data?.points.length === 0 && <Box color="text-body-secondary">Nothing was recorded in this time.</Box>}
      {data !== undefined &&
        PANELS.map((panel) => (
          <section key={panel.title} aria-label={panel.title}>
            <Box variant="h3">{panel.title}</Box>
            <Line panel={panel} samples={data} marks={marks} from={from} to={to} />
          </section>
        ))}
      <Box color="text-body-secondary" fontSize="body-s">
        Dashed lines are changes of status, health, licence or certificate; Activity names them. Gaps are times without a
        reading. Means over {RANGES[range].stepSeconds / 60} min.
      </Box>
    </SpaceBetween>
  );
}

interface LineProps {
  panel: Panel;
  samples: Samples;
  marks: readonly Mark[];
  from: number;
  to: number;
}

function Line({ panel, samples, marks, from, to }: LineProps) {
  const columns = useMemo(() => columnsOf(samples.points, panel.names, samples.step_seconds), [samples, panel]);
  const names = useMemo(() => panel.names.map((name) => FIGURES[name]), [panel]);
  const latest = names.map((name, index) => {
    const value = columns[index + 1]?.findLast((known) => known !== null);
    return `${name} ${value == null ? "not known" : `${Math.round(value)}${panel.unit}`}`;
  });
  return (
    <Chart
      label={`${panel.title}; latest: ${latest.join(", ")}`}
      names={names}
      data={columns}
      marks={marks}
      unit={panel.unit}
      {...(panel.most === undefined ? {} : { most: panel.most })}
      from={from}
      to={to}
    />
  );
}

function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
