/**
 * The program: runs a server, and stops it on SIGINT, SIGTERM or SIGHUP (a closed terminal).
 *
 * The handlers stand before anything else is loaded. A container's first process is sent a signal that nobody handles in
 * vain: it would go on starting, until it is killed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

const stop = new AbortController();

// The first signal stops in good order, a second one at once. Ctrl-C under npm may come twice: from the terminal, and
// passed on by npm in the same instant.
const sameSignalMs = 500;
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
await run(stop.signal);
