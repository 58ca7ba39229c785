const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in its two largest units: "12 s", "4 min", "3 h 5 min", "2 d 4 h". */
export function duration(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < DAY) return pair(whole, HOUR, "h", MINUTE, "min");
  return pair(whole, DAY, "d", HOUR, "h");
}

function pair(whole: number, large: number, largeWord: string, small: number, smallWord: string): string {
  const rest = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${largeWord}${rest > 0 ? ` ${rest} ${smallWord}` : ""}`;
}

const CLOCKS_DIFFER_MS = 2 * MINUTE;

/** "4 min ago"; what a clock that is ahead has written "in 57 min" is shown as such, not as now. */
export function ago(at: number, now: number): string {
  const age = now - at;
  if (age < -CLOCKS_DIFFER_MS) return `in ${duration(-age)}`;
  return age < SECOND ? "now" : `${duration(age)} ago`;
}

/** "in 12 s", or "due" once that is over. */
export function ahead(at: number, now: number): string {
  return at > now ? `in ${duration(at - now)}` : "due";
}

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DATE_AND_CLOCK = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** In the viewer's zone. */
export function localTime(iso: string): string {
  return LOCAL.format(new Date(iso));
}

/** The clock alone for what is of today, else with the date: "since 8 PM" must not be yesterday's. For sentences. */
export function shortTime(iso: string, now: number): string {
  const at = new Date(iso);
  return (at.toDateString() === new Date(now).toDateString() ? CLOCK : DATE_AND_CLOCK).format(at);
}

/** For hovering: the same moment in UTC, to the second. */
export function utcTime(iso: string): string {
  return `${new Date(iso).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}
