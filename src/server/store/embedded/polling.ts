/** Waiting for something outside this process that can't call back: a socket, a lock, another process's end. */
import { setTimeout as delay } from 'node:timers/promises';

const firstPauseMs = 10;
const longestPauseMs = 250;

/**
 * Asks again, at growing intervals, until there is an answer.
 *
 * @returns the answer; undefined when there was none within `timeoutMs`.
 * @throws what `ask` throws, at once; the signal's reason when it is aborted.
 */
export async function poll<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) return undefined;
    await delay(pauseMs, undefined, signal && { signal });
  }
}
