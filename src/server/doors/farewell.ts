/** Sends everyone away, each in turn: thousands that leave in one instant would come back in one, too. */
import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes } from '../../contract/codes.ts';
import type { Session } from '../live/session.ts';

export const farewellLimits = {
  /** From one close to the next, where few enough leave. */
  betweenMs: 2,
  /** From the first close to the last. */
  maxSpreadMs: 4_000,
  /** They are asked to come back within this time after the last close: a millisecond for each, between these. */
  minReturnSpreadMs: 500,
  maxReturnSpreadMs: 5_000,
} as const;

/**
 * Tells all of them at once when to come back, then closes one after the other; until its turn comes a session goes on as
 * before. Nobody is asked back before the last one is gone.
 */
export async function sayFarewell(sessions: readonly Session[]): Promise<void> {
  const { betweenMs, maxSpreadMs, minReturnSpreadMs, maxReturnSpreadMs } = farewellLimits;
  const spreadMs = Math.min(maxSpreadMs, betweenMs * sessions.length);
  const returnSpreadMs = Math.min(maxReturnSpreadMs, Math.max(minReturnSpreadMs, sessions.length));
  const leaving = sessions.map((session, place) => ({
    session,
    inMs: (spreadMs * place) / sessions.length,
  }));
  for (const { session, inMs } of leaving) {
    const reconnectInMs = Math.round(spreadMs - inMs + Math.random() * returnSpreadMs);
    session.say({ event: 'draining', reconnectInMs });
  }
  const startedAt = performance.now();
  for (const { session, inMs } of leaving) {
    // Gone by itself: nobody has to wait for its turn.
    if (session.phase === 'closed') continue;
    const earlyMs = startedAt + inMs - performance.now();
    if (earlyMs > 0) await delay(earlyMs);
    session.close(closeCodes.restarting, 'the server is restarting');
  }
}
