const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * How long to wait before the `attempt`-th reconnection (0 first), in ms: doubling from 1 s to 30 s,
 * spread over its upper half so that many browsers do not come back at once.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS);
  return Math.round(full / 2 + (full / 2) * random());
}
