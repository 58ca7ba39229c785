// Ages are measured by the service's clock: the viewer's may be wrong by an hour.

let offsetMilliseconds = 0;
const TRUSTED_MILLISECONDS = 2_000; // the Date header has whole seconds, and takes a moment to arrive

/** Learn from an answer's Date header how far the viewer's clock is off. */
export function noteServerTime(date: string | null, localNow: number = Date.now()): void {
  const server = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const offset = server - localNow;
  offsetMilliseconds = Math.abs(offset) < TRUSTED_MILLISECONDS ? 0 : offset;
}

/** The service's present time in milliseconds since the epoch. */
export function serverNow(localNow: number = Date.now()): number {
  return localNow + offsetMilliseconds;
}
