import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";

import { wordsOf } from "../../api/client";
import type { SourceReport } from "../../api/types";
import { SOURCE_WORDS, type SourceName } from "../../components/doubt";
import { Outcome } from "../../components/status";
import type { WorkerActions } from "./use-worker";

const SOURCES: SourceName[] = ["ec2", "cloudwatch", "cml"];

/** What each source said to the refresh that was asked for; one that failed leaves the others' lines alone. */
export function RefreshResultLines({ refresh }: { refresh: WorkerActions["refresh"] }) {
  if (refresh.error !== null) {
    return (
      <Alert type="error" header="Not refreshed">
        {wordsOf(refresh.error)}
      </Alert>
    );
  }
  if (refresh.data === undefined) return null;
  const { sources, events, duration_ms } = refresh.data;
  const failed = SOURCES.some((name) => sources[name].outcome === "error");
  return (
    <Alert
      data-testid="refresh-result"
      type={failed ? "warning" : "success"}
      dismissible
      i18nStrings={{ dismissAriaLabel: "Dismiss" }}
      onDismiss={() => refresh.reset()}
      header={`Refreshed in ${(duration_ms / 1000).toFixed(1)} s`}
    >
      <SpaceBetween size="xxs">
        {SOURCES.map((name) => (
          <Line key={name} name={name} report={sources[name]} />
        ))}
        {events.length > 0 && <Box color="text-body-secondary">Changed: {events.join(", ")}</Box>}
      </SpaceBetween>
    </Alert>
  );
}

function Line({ name, report }: { name: SourceName; report: SourceReport }) {
  const why = [report.error_code, report.reason].filter((word) => word !== null).join(": ");
  return (
    <div>
      <b>{SOURCE_WORDS[name]}</b> <Outcome outcome={report.outcome} /> {why}{" "}
      <Box variant="span" color="text-body-secondary" fontSize="body-s">
        {Math.round(report.duration_ms)} ms
      </Box>
    </div>
  );
}
