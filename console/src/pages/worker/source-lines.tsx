import Box from "@cloudscape-design/components/box";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";

import type { Source, Worker } from "../../api/types";
import { SOURCE_WORDS, type SourceName } from "../../components/doubt";
import { Outcome } from "../../components/status";
import { Age, Countdown, Moment } from "../../components/time";
import { useIsNarrow } from "../../hooks/use-is-narrow";
import { adviceFor } from "./advice";

interface Line {
  name: SourceName;
  source: Source;
}

/** Each source with its outcome, its age, when it is due, and for a failure what it is and what to do. */
export function SourceLines({ worker }: { worker: Worker }) {
  const lines: Line[] = (["ec2", "cloudwatch", "cml"] as const).map((name) => ({ name, source: worker.sources[name] }));
  const isNarrow = useIsNarrow();
  if (isNarrow) {
    return (
      <SpaceBetween size="xs">
        <Box variant="h3">Sources</Box>
        <KeyValuePairs items={lines.map(({ name, source }) => ({ label: SOURCE_WORDS[name], value: <Told source={source} /> }))} />
      </SpaceBetween>
    );
  }
  return (
    <Table
      variant="embedded"
      items={lines}
      trackBy="name"
      wrapLines
      header={<Box variant="h3">Sources</Box>}
      ariaLabels={{ tableLabel: "Sources" }}
      columnDefinitions={[
        { id: "name", header: "Source", cell: ({ name }) => SOURCE_WORDS[name], isRowHeader: true },
        {
          id: "outcome",
          header: "Outcome",
          minWidth: 110,
          cell: ({ source }) => <Standing source={source} />,
        },
        { id: "read", header: "Read", cell: ({ source }) => <Age at={source.read_at} />, minWidth: 110 },
        { id: "due", header: "Next due", cell: ({ source }) => <Countdown at={source.next_due_at} />, minWidth: 110 },
        { id: "why", header: "Why, and what to do", cell: ({ source }) => <Why source={source} />, minWidth: 220 },
      ]}
    />
  );
}

function Standing({ source }: { source: Source }) {
  return (
    <>
      <Outcome outcome={source.outcome} />
      {source.stale && <Box color="text-status-warning">stale</Box>}
    </>
  );
}

/** On a phone why a source fails would be a column beyond the edge: there all is told below its outcome. */
function Told({ source }: { source: Source }) {
  return (
    <>
      <Standing source={source} />
      <Box color="text-body-secondary">
        read <Age at={source.read_at} />, next <Countdown at={source.next_due_at} />
      </Box>
      <Why source={source} />
    </>
  );
}

function Why({ source }: { source: Source }) {
  if (source.outcome === "ok") return null;
  const advice = adviceFor(source.error_code ?? source.reason);
  return (
    <>
      {source.error_code !== null && <Box variant="code">{source.error_code}</Box>} {source.reason}
      {source.failing_since !== null && (
        <Box color="text-body-secondary">
          since <Moment at={source.failing_since} /> (<Age at={source.failing_since} />)
        </Box>
      )}
      {advice !== null && <div>{advice}</div>}
    </>
  );
}
