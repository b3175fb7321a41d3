import { defaults } from './defaults.ts';

/**
 * How long to wait before attempt `attempt` (0 is the first), in milliseconds: exponential with full jitter, so that
 * thousands of clients that lost the same server don't come back together.
 * See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(defaults.backoffCapMs, defaults.backoffBaseMs * 2 ** attempt));
}
