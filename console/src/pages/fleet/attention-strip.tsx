import Alert from "@cloudscape-design/components/alert";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import type { Attention, Fleet, RegionStanding } from "../../api/types";
import { PageLink } from "../../components/page-link";
import { counted } from "../../format/figures";
import { shortTime } from "../../format/time";
import { useNow } from "../../hooks/use-now";

type Words = (count: number) => string;
const has = (count: number) => (count === 1 ? "has" : "have");
const are = (count: number) => (count === 1 ? "is" : "are");

const REASONS: Record<string, { words: Words; type: StatusIndicatorProps.Type }> = {
  unreachable: { words: (n) => `${counted(n, "worker")} ${n === 1 ? "does" : "do"} not answer`, type: "error" },
  degraded: { words: (n) => `${counted(n, "worker")} ${are(n)} up but not well`, type: "warning" },
  unlicensed: { words: (n) => `${counted(n, "worker")} ${are(n)} not licensed`, type: "warning" },
  unknown: { words: (n) => `The health of ${counted(n, "worker")} is not known`, type: "pending" },
  idle: { words: (n) => `${counted(n, "worker")} ${n === 1 ? "runs" : "run"} no node`, type: "warning" },
  disk_nearly_full: { words: (n) => `${counted(n, "disk")} ${are(n)} 90 % full or more`, type: "warning" },
  scheduled_event: { words: (n) => `AWS has scheduled something for ${counted(n, "worker")}`, type: "info" },
  shared_certificate: {
    words: (n) => `${counted(n, "worker")} ${has(n)} a certificate of others: cloned images`,
    type: "warning",
  },
  license_expiring: { words: (n) => `The licence of ${counted(n, "worker")} expires within 30 days`, type: "warning" },
};

/** Since when, or when what is to come comes: the earliest of several. */
function momentWords({ count, since, due_at }: Attention, now: number): string {
  const first = count === 1 ? "" : "the first ";
  if (since !== null) return count === 1 ? ` since ${shortTime(since, now)}` : `, ${first}since ${shortTime(since, now)}`;
  return due_at === null ? "" : `: ${first}${shortTime(due_at, now)}`;
}

function Item({ item, onShow }: { item: Attention; onShow: () => void }) {
  const now = useNow();
  const known = REASONS[item.reason];
  const words = known?.words(item.count) ?? `${counted(item.count, "worker")}: ${item.reason.replaceAll("_", " ")}`;
  return (
    <StatusIndicator type={known?.type ?? "info"}>
      <span className="words">
        <PageLink to={`/?${item.query}`} onFollow={onShow}>
          {words + momentWords(item, now)}
        </PageLink>
      </span>
    </StatusIndicator>
  );
}

/** What needs a person now, each a link to the workers it is about. */
export function AttentionStrip({ fleet, onShow }: { fleet: Fleet | undefined; onShow: () => void }) {
  if (fleet === undefined) return <StatusIndicator type="loading">Reading the fleet</StatusIndicator>;
  if (fleet.workers.total === 0) return null;
  if (fleet.attention.length === 0) return <StatusIndicator type="success">Nothing needs you now</StatusIndicator>;
  return (
    <section aria-label="Needs attention">
      <SpaceBetween direction="horizontal" size="l">
        {fleet.attention.map((item) => (
          <Item key={item.reason} item={item} onShow={onShow} />
        ))}
      </SpaceBetween>
    </section>
  );
}

/** An account's region that AWS does not answer for is one line, not an error for each worker. */
export function RegionAlerts({ regions }: { regions: readonly RegionStanding[] }) {
  const now = useNow();
  return regions
    .filter((region) => region.error_code !== null)
    .map((region) => (
      <Alert
        key={`${region.account_id}/${region.region}`}
        type="warning"
        header={`${region.region}: ${region.operation ?? "EC2"} fails in account ${region.account_id} (${region.error_code ?? ""})`}
      >
        {region.detail}
        {region.since !== null && `; since ${shortTime(region.since, now)}`}.
        {region.workers > 0 && ` ${counted(region.workers, "worker")} there.`}
      </Alert>
    ));
}
