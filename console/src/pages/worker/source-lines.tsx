import Box from "@cloudscape-design/components/box";
import Table from "@cloudscape-design/components/table";

import type { Source, Worker } from "../../api/types";
import { SOURCE_WORDS, type SourceName } from "../../components/doubt";
import { Outcome } from "../../components/status";
import { Age, Countdown, Moment } from "../../components/time";
import { adviceFor } from "./advice";

interface Line {
  name: SourceName;
  source: Source;
}

/** Each source with its outcome, its age, when it is due, and for a failure what it is and what to do. */
export function SourceLines({ worker }: { worker: Worker }) {
  const lines: Line[] = (["ec2", "cloudwatch", "cml"] as const).map((name) => ({ name, source: worker.sources[name] }));
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
          cell: ({ source }) => (
            <>
              <Outcome outcome={source.outcome} />
              {source.stale && <Box color="text-status-warning">stale</Box>}
            </>
          ),
        },
        { id: "read", header: "Read", cell: ({ source }) => <Age at={source.read_at} />, minWidth: 110 },
        { id: "due", header: "Next due", cell: ({ source }) => <Countdown at={source.next_due_at} />, minWidth: 110 },
        { id: "why", header: "Why, and what to do", cell: ({ source }) => <Why source={source} />, minWidth: 220 },
      ]}
    />
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
