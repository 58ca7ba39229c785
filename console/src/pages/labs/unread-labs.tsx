import ExpandableSection from "@cloudscape-design/components/expandable-section";
import StatusIndicator from "@cloudscape-design/components/status-indicator";

import type { LabList } from "../../api/types";
import { PageLink } from "../../components/page-link";
import { counted } from "../../format/figures";

/** Whose labs are missing from the list, and why: without them it does not pass for all there is. */
export function UnreadLabs({ unread }: { unread: LabList["unread"] | undefined }) {
  if (unread === undefined || unread.total === 0) return null;
  const more = unread.total - unread.workers.length;
  return (
    <ExpandableSection
      headerText={
        <StatusIndicator type="warning">
          The labs of {counted(unread.total, "worker")} were not read, or not all of them
        </StatusIndicator>
      }
    >
      <ul>
        {unread.workers.map(({ worker_id, worker_name, reason }) => (
          <li key={worker_id}>
            <PageLink to={`/workers/${encodeURIComponent(worker_id)}?tab=labs`}>{worker_name}</PageLink>: {reason.replaceAll("_", " ")}
          </li>
        ))}
        {more > 0 && <li>and {more} more</li>}
      </ul>
    </ExpandableSection>
  );
}
