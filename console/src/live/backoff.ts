const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** How long to wait before the given attempt (0 is the first): doubling, with jitter so that windows do not come at once. */
export function waitBefore(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(whole * (0.75 + 0.25 * random()));
}
