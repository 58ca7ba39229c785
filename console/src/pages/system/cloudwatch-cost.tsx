import type { System } from "../../api/types";
import { Unknown } from "../../components/unknown";
import { counted, money } from "../../format/figures";

const CENT = 0.01;

interface Props {
  system: System | undefined;
}

/** What the processes that run now have asked of GetMetricData, and what AWS bills for that. */
export function CloudWatchSoFar({ system }: Props) {
  if (system === undefined) return <Unknown reason="not read yet" />;
  const { metrics_requested, usd } = system.cloudwatch;
  const cost = usd > 0 && usd < CENT ? `less than ${money(CENT)}` : money(usd);
  return `${counted(metrics_requested, "metric")} asked, ${cost}`;
}

/** At the rate so far. */
export function CloudWatchPerMonth({ system }: Props) {
  const usd = system?.cloudwatch.usd_per_month ?? null;
  if (usd === null) return <Unknown reason="not known in the first half hour: a start asks for everything at once" />;
  return `${money(usd)} at this rate`;
}
