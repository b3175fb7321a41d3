/** The program: runs a server, and stops it on SIGINT, SIGTERM or SIGHUP (a closed terminal). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Values } from './settings/sources.ts';

/** Ctrl-C under npm may come twice: from the terminal, and passed on by npm in the same instant. */
const sameSignalMs = 500;

if (import.meta.main) await serve();

/**
 * The handlers stand before the server is even loaded: a signal that nobody handles is lost on the first process of a
 * container, which would go on starting until it is killed.
 *
 * @param flags what the command line says, by the names of the environment. Resolves when the server didn't start.
 */
export async function serve(flags: Values = {}): Promise<void> {
  const stop = new AbortController();
  // The first signal stops in good order, a second one at once.
  let askedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (askedAt !== undefined && now - askedAt > sameSignalMs) process.exit(1);
      if (askedAt !== undefined) return;
      askedAt = now;
      stop.abort(new Error(`${signal} came first`, { cause: signal }));
    });
  }
  const { run } = await import('./run.ts');
  // A signal that came while that was loaded is told by the event loop, which hasn't turned since.
  await nextTurn();
  await run(stop.signal, flags);
}
