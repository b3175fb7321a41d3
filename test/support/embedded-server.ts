/**
 * A program with an embedded PostgreSQL, as a papo server is one: for tests that kill it, and for test runs that share
 * one. It writes one line of JSON, its {@link Report}, and stops when its standard input ends: that happens whenever
 * and however the process that started it ends, so nothing is left behind.
 */
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientConfig } from 'pg';
import { pino } from 'pino';
import { startEmbedded } from '../../src/server/store/embedded.ts';
import { claimDatabase } from '../../src/server/store/ownership.ts';

/** Its one argument, as JSON. */
export type ServerOptions = {
  /** Default: a directory of its own, which it removes at the end. */
  dataDir?: string;
  binaries?: string;
  systemDir?: string;
};

/** What became of its start. */
export type Report = { connection: ClientConfig } | { error: string };

const options: ServerOptions = JSON.parse(process.argv[2] ?? '{}');

// A Ctrl-C in the terminal of a test run comes here too, but the run decides when this ends.
process.on('SIGINT', () => {});
// It may have nobody to report to any more.
process.stdout.on('error', () => {});
const over = new AbortController();
const inputEnd = once(process.stdin.resume(), 'end').then(() => over.abort());

const ownDir = options.dataDir === undefined ? await makeOwnDir() : undefined;
try {
  const embedded = await startEmbedded({
    dataDir: join(ownDir ?? '', 'data'),
    ...options,
    log: pino({ level: 'silent' }),
    signal: over.signal,
  });
  try {
    if ((await claimDatabase(embedded.connection)) === undefined) throw new Error('The claim is held.');
    report({ connection: embedded.connection });
    await inputEnd;
  } finally {
    await embedded.stop();
  }
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error) });
} finally {
  if (ownDir !== undefined) await rm(ownDir, { recursive: true, force: true });
}

async function makeOwnDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'papo-test-'));
  // When root runs the tests, PostgreSQL runs as another user, who must pass.
  await chmod(dir, 0o711);
  return dir;
}

function report(what: Report): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
