/** A Prometheus of one's own: asks one papo every second, by the configuration in `deploy/`, and goes without a trace. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '../src/server/store/embedded/polling.ts';
import { ownPort } from '../test/support/ports.ts';

const deployed = join(import.meta.dirname, '..', 'deploy', 'prometheus');
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
const keptOutput = 10_000;

/** One series: its labels, and its values by time, in seconds since 1970. */
export type Series = { labels: Record<string, string>; points: [at: number, value: number][] };

export type Rule = { name: string; query: string; state: string; health: string; lastError?: string };

type Answer<Data> = { status: 'success'; data: Data } | { status: 'error'; error: string };
type Found = { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] };

/** Why there can't be one. */
export function withoutPrometheus(): string | false {
  return spawnSync('prometheus', ['--version']).error === undefined
    ? false
    : 'needs prometheus (as Debian’s)';
}

export class Prometheus {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';

  private constructor(port: number, folder: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = folder;
    this.#child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', text => {
        this.#output = `${this.#output}${text}`.slice(-keptOutput);
      });
    }
  }

  /** @param metricsUrl of the papo that it asks, as `http://HOST:PORT/metrics`. */
  static async watch(metricsUrl: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'papo-prometheus-'));
    const config = readFileSync(join(deployed, 'prometheus.yml'), 'utf8')
      .replaceAll(/_interval: \w+/g, '_interval: 1s')
      .replace('alerts.yml', join(deployed, 'alerts.yml'))
      .replace('papo:9464', new URL(metricsUrl).host);
    await writeFile(join(folder, 'prometheus.yml'), config);
    // It can't be told to take any: it wouldn't say which.
    const prometheus = new Prometheus(await ownPort(), folder);
    const isReady = () =>
      fetch(`${prometheus.url}/-/ready`).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      );
    if ((await poll(isReady, readyTimeoutMs)) !== undefined) return prometheus;
    await prometheus.stop();
    throw new Error(`Prometheus is not ready: ${prometheus.#output}`);
  }

  /** What an expression is now: one point a series. */
  async query(expr: string): Promise<Series[]> {
    return this.#series('query', { query: expr });
  }

  /** @param from @param to seconds since 1970. @param step seconds from point to point. */
  async range(expr: string, from: number, to: number, step: number): Promise<Series[]> {
    return this.#series('query_range', { query: expr, start: `${from}`, end: `${to}`, step: `${step}` });
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.#ask<{ groups: { rules: Rule[] }[] }>('rules', {});
    return groups.flatMap(({ rules }) => rules);
  }

  /** Waits until it has asked papo after this moment. */
  async hasSeen(moment = Date.now()): Promise<void> {
    const askedAt = async () => (await this.query('timestamp(papo_ready)'))[0]?.points[0]?.[1] ?? 0;
    const isLater = async () => (await askedAt()) * 1000 > moment || undefined;
    if ((await poll(isLater, readyTimeoutMs)) === undefined) throw new Error('Prometheus asks no more');
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    const cut = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.kill('SIGTERM'))
      await exited;
    clearTimeout(cut);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #series(path: string, parameters: Record<string, string>): Promise<Series[]> {
    const { result } = await this.#ask<{ result: Found[] }>(path, parameters);
    return result.map(({ metric, value, values = value === undefined ? [] : [value] }) => ({
      labels: metric,
      points: values.map(([at, text]) => [at, Number(text)]),
    }));
  }

  async #ask<Data>(path: string, parameters: Record<string, string>): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as Answer<Data>;
    if (answer.status === 'error') throw new Error(`${parameters['query']}: ${answer.error}`);
    return answer.data;
  }
}
