/** Waiting in tests: for something that happens, never for time to pass; and never for ever. */
import { setTimeout as delay } from 'node:timers/promises';
import { poll } from '../../src/server/store/embedded/polling.ts';

/** Only what will never happen takes so long, also on a machine that is slow, or busy with other things. */
export const usualTimeoutMs = 60_000;

/** Asks until the answer is neither undefined nor false. @throws saying what didn't happen. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = usualTimeoutMs,
): Promise<T> {
  const answer = await poll(async () => (await ask()) || undefined, timeoutMs);
  if (answer === undefined) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
  return answer;
}

/** @throws when the promise isn't settled in time. */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs = usualTimeoutMs): Promise<T> {
  const timer = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`Not within ${timeoutMs} ms: ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
