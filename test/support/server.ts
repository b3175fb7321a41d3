/** Servers for tests: in this process, or as a process of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { readConfig } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { type NodeOptions, type PapoNode, startNode } from '../../src/server/node.ts';
import { createDatabase } from './postgres.ts';

export type TestServer = Pick<PapoNode, 'url' | 'metricsUrl' | 'accept' | 'close'> & { databaseUrl: string };

/** A server in this process, on a database of its own unless one is given; without rate limits unless told otherwise. */
export async function startServer(
  environment: Record<string, string> = {},
  databaseUrl?: string,
  options: NodeOptions = {},
): Promise<TestServer> {
  const database = databaseUrl === undefined ? await createDatabase() : undefined;
  const url = databaseUrl ?? database?.url ?? '';
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: url,
    PAPO_LOG_LEVEL: 'silent',
    PAPO_RATE_LIMITS: 'off',
    PAPO_METRICS_ADDR: 'off',
    ...environment,
  });
  const onFatal = (error: Error) => {
    throw error;
  };
  const node = await startNode(config, createLog(config.logLevel), onFatal, options);
  return {
    url: node.url,
    metricsUrl: node.metricsUrl,
    databaseUrl: url,
    accept: connection => node.accept(connection),
    close: async () => {
      await node.close();
      await database?.drop();
    },
  };
}

export type ServerProcess = {
  url: string;
  metricsUrl: string | undefined;
  process: ChildProcess;
  /** Everything it has printed so far. */
  output: string[];
  /** Sends the signal and waits until the process is gone; answers with its exit code (null: killed). */
  end(signal: NodeJS.Signals): Promise<number | null>;
};

const ofSpawned = { PORT: '0', DATABASE_URL: '', PAPO_RATE_LIMITS: 'off', PAPO_METRICS_ADDR: 'off' };

/** `npm start` as a process: resolves when it is ready, rejects with its output when it ends before. */
export async function spawnServer(environment: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['src/server/main.ts'], {
    env: { ...process.env, ...ofSpawned, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
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
      return code;
    },
  };
}
