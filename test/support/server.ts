/** Servers for tests: in this process, or as a process of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { type NodeOptions, type PapoNode, startNode } from '../../src/server/node.ts';
import { atEnd } from './at-end.ts';
import { endWithUs } from './child.ts';
import { createDatabase } from './postgres.ts';
import { requireDiscreet } from './secrets.ts';

export type TestServer = Pick<PapoNode, 'url' | 'metricsUrl' | 'claimUrl' | 'accept' | 'close'> & {
  databaseUrl: string;
  /** All that it has logged so far, at level trace. `close` rejects if that tells a password or a token. */
  lines: readonly string[];
};

/** A server in this process, on a database of its own unless one is given; without rate limits unless told otherwise. */
export async function startServer(
  environment: Record<string, string> = {},
  databaseUrl?: string,
  options: NodeOptions = {},
): Promise<TestServer> {
  const database = databaseUrl === undefined ? await createDatabase() : undefined;
  const url = databaseUrl ?? database?.url ?? '';
  const config = readConfig({
    environment: {
      PORT: '0',
      DATABASE_URL: url,
      PAPO_RATE_LIMITS: 'off',
      PAPO_METRICS_ADDR: 'off',
      ...environment,
    },
  });
  const lines: string[] = [];
  const log = createLog('trace', { write: line => lines.push(line) });
  const onFatal = (error: Error) => {
    throw error;
  };
  const node = await startNode(config, log, onFatal, options);
  return {
    url: node.url,
    metricsUrl: node.metricsUrl,
    claimUrl: node.claimUrl,
    databaseUrl: url,
    lines,
    accept: connection => node.accept(connection),
    close: async () => {
      await node.close();
      await database?.drop();
      requireDiscreet(lines);
    },
  };
}

/** The same, of this test's own: it is stopped when the test is over. */
export async function ownServer(
  t: TestContext,
  ...options: Parameters<typeof startServer>
): Promise<TestServer> {
  const server = await startServer(...options);
  atEnd(t, () => server.close());
  return server;
}

export type ServerProcess = {
  url: string;
  metricsUrl: string | undefined;
  process: ChildProcess;
  /** Everything it has printed so far. */
  output: string[];
  /**
   * Sends the signal and waits until the process is gone; answers with its exit code (null: killed). Rejects if its log,
   * at level trace, tells a password or a token.
   */
  end(signal: NodeJS.Signals): Promise<number | null>;
};

const ofSpawned = {
  PORT: '0',
  DATABASE_URL: '',
  PAPO_RATE_LIMITS: 'off',
  PAPO_METRICS_ADDR: 'off',
  PAPO_LOG_LEVEL: 'trace',
};

const program = resolve(import.meta.dirname, '../../src/cli/papo.ts');

/**
 * `papo serve` as a process: resolves when it is ready, rejects with its output when it ends before. It runs in a folder
 * where no developer's `.env` is.
 */
export async function spawnServer(
  environment: Record<string, string>,
  flags: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program, 'serve', ...flags], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...ofSpawned, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  endWithUs(child);
  const output: string[] = [];
  createInterface({ input: child.stderr }).on('line', line => output.push(line));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      output.push(line);
      const ready = /papo is ready at (http:\/\/[^"\s]+)/.exec(line);
      if (ready?.[1] !== undefined) resolve(ready[1]);
    });
    void exited.then(([code]) => reject(new Error(`the server ended with ${code}: ${output.join('\n')}`)));
  });
  const metricsUrl = output.map(line => /metrics are at (http:\/\/[^"\s]+)/.exec(line)?.[1]).find(Boolean);
  return {
    url,
    metricsUrl,
    process: child,
    output,
    end: async signal => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code] = await exited;
      requireDiscreet(output);
      return code;
    },
  };
}
