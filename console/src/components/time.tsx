import { ago, ahead, duration, localTime, utcTime } from "../format/time";
import { useNow } from "../hooks/use-now";
import { Unknown } from "./unknown";

interface Props {
  at: string | null | undefined;
}

/** How long ago, ticking; hovering tells the moment in UTC. */
export function Age({ at }: Props) {
  const now = useNow();
  if (at == null) return <Unknown reason="not known" />;
  return (
    <time dateTime={at} title={utcTime(at)}>
      {ago(Date.parse(at), now)}
    </time>
  );
}

/** How long until, ticking. */
export function Countdown({ at }: Props) {
  const now = useNow();
  if (at == null) return <Unknown reason="nothing is planned" />;
  return (
    <time dateTime={at} title={utcTime(at)}>
      {ahead(Date.parse(at), now)}
    </time>
  );
}

/** A moment in the viewer's zone; hovering tells it in UTC. */
export function Moment({ at }: Props) {
  if (at == null) return <Unknown reason="not known" />;
  return (
    <time dateTime={at} title={utcTime(at)}>
      {localTime(at)}
    </time>
  );
}

/** How long something has lasted, ticking. */
export function Lasting({ since }: { since: number }) {
  return <>{duration(useNow() - since)}</>;
}
