/** A directory for one test of the embedded PostgreSQL, with all that runs in it, ended and removed after the test. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  startEmbedded,
} from '../../src/server/store/embedded.ts';
import { atEnd } from './at-end.ts';
import { EmbeddedProcess } from './embedded-process.ts';
import type { ServerOptions } from './embedded-server.ts';
import { eventually } from './waiting.ts';

export const asRoot = process.getuid?.() === 0;

export class Scene {
  readonly dir: string;
  readonly dataDir: string;
  /** What the servers of this process logged. */
  readonly log: string[] = [];
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(dir: string) {
    this.dir = dir;
    this.dataDir = join(dir, 'data');
  }

  /** An empty directory. */
  static async open(t: TestContext): Promise<Scene> {
    const scene = new Scene(await makeDir());
    atEnd(t, () => scene.#close());
    return scene;
  }

  /** A directory with a database that isn't running. */
  static async withDatabase(t: TestContext): Promise<Scene> {
    const scene = await Scene.open(t);
    stoppedDatabase ??= makeStoppedDatabase();
    await promisify(execFile)('cp', ['-a', await stoppedDatabase, scene.dataDir]);
    return scene;
  }

  /** A server in this process. */
  async start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
    const log = pino({ base: null }, { write: line => this.log.push(JSON.parse(line).msg) });
    const embedded = await startEmbedded({ ...this.#places(), log, ...options });
    this.#ends.push(() => embedded.stop());
    return embedded;
  }

  /** A server in a process of its own, which can be killed. */
  spawn(options: ServerOptions = {}, user?: { uid: number; gid: number }): EmbeddedProcess {
    const server = new EmbeddedProcess({ ...this.#places(), ...options }, user);
    this.#ends.push(() => server.end());
    return server;
  }

  /** Such a process, once its PostgreSQL is up. */
  async spawnUp(
    options: ServerOptions = {},
    user?: { uid: number; gid: number },
  ): Promise<EmbeddedProcess & { connection: pg.ClientConfig }> {
    const server = this.spawn(options, user);
    const report = await server.started;
    if ('error' in report) throw new Error(report.error);
    return Object.assign(server, { connection: report.connection });
  }

  /** The main process of the PostgreSQL that runs, or last ran, on a data directory. */
  async postmasterPid(dataDir = this.dataDir): Promise<number> {
    return Number.parseInt(await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10);
  }

  /** A test never writes to the system's own folders. */
  #places() {
    return { dataDir: this.dataDir, systemDir: join(this.dir, 'system') };
  }

  async #close(): Promise<void> {
    try {
      for (const end of this.#ends.reverse()) await end();
    } finally {
      const files = await readdir(this.dir, { recursive: true });
      for (const file of files.filter(name => name.endsWith('/postmaster.pid'))) {
        const [pid, data] = (await readFile(join(this.dir, file), 'utf8')).split('\n');
        if (data?.startsWith(this.dir)) await endPostmaster(Number(pid));
      }
      await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'papo-test-'));
  // When root runs the tests, PostgreSQL runs as another user, who must pass.
  await chmod(dir, 0o711);
  return dir;
}

/** Made once for all the tests of a file: `initdb` is what takes them longest. */
let stoppedDatabase: Promise<string> | undefined;

after(async () => {
  if (stoppedDatabase) await rm(dirname(await stoppedDatabase), { recursive: true, force: true });
});

async function makeStoppedDatabase(): Promise<string> {
  const dataDir = join(await makeDir(), 'data');
  const embedded = await startEmbedded({ dataDir, log: pino({ level: 'silent' }) });
  await embedded.stop();
  return dataDir;
}

async function endPostmaster(pid: number): Promise<void> {
  if (!(await isRunning(pid))) return;
  process.kill(pid, 'SIGQUIT');
  await eventually('a PostgreSQL left behind by the test ends', async () => !(await isRunning(pid)));
}

/** A zombie, which nobody has waited for yet, doesn't run. */
export async function isRunning(pid: number): Promise<boolean> {
  if (existsSync('/proc/self/cmdline')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command !== '';
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The rows of one statement on a connection of its own. */
export async function ask(
  connection: pg.ClientConfig,
  statement: string,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
