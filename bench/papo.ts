/** The server under test: a process of its own, as `npm start` would be. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './bench.ts';

export type Papo = {
  readonly url: string;
  /** If it was asked to measure. */
  readonly metricsUrl: string | undefined;
  readonly pid: number;
  /** Before the run ends. */
  stop(): Promise<void>;
};

const keptLines = 20;
const stopTimeoutMs = 15_000;

/** Starts it on a database; it is stopped with the run, and a run whose server ends by itself is over. */
export async function startPapo(
  databaseUrl: string,
  environment: Record<string, string>,
  context: Context,
): Promise<Papo> {
  const { cpuProfDir, fail, undo, signal } = context;
  signal.throwIfAborted();
  const profile = cpuProfDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(cpuProfDir)}`];
  const child = spawn(process.execPath, [...profile, 'src/server/main.ts'], {
    cwd: resolve(import.meta.dirname, '..'),
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      PAPO_DEFAULT_ROOMS: '',
      PAPO_RATE_LIMITS: 'off',
      PAPO_METRICS_ADDR: 'off',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Out of reach of Ctrl-C, which is for us: we stop it in good order.
    detached: true,
  });
  const lines: string[] = [];
  const keep = (line: string) => lines.splice(0, lines.push(line) - keptLines);
  createInterface({ input: child.stderr }).on('line', keep);

  let isStopping = false;
  let metricsUrl: string | undefined;
  const url = await new Promise<string>((ready, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      keep(line);
      metricsUrl ??= /metrics are at (http:\/\/[^"\s]+)/.exec(line)?.[1];
      const address = /papo is ready at (http:\/\/[^"\s]+)/.exec(line)?.[1];
      if (address !== undefined) ready(address);
    });
    child.once('error', reject);
    const ended = (code: number | null) => {
      const error = new Error(`papo's server ended with ${code}:\n${lines.join('\n')}`);
      reject(error);
      fail(error);
    };
    child.once('exit', code => {
      if (!isStopping) ended(code);
    });
    undo.defer(end);
  });
  return { url, metricsUrl, pid: child.pid ?? 0, stop: end };

  function end(): Promise<void> {
    isStopping = true;
    return stop(child);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exited, delay(stopTimeoutMs, undefined, { ref: false })]);
  child.kill('SIGKILL');
  await exited;
}
