/** PostgreSQL for a run: the one of DATABASE_URL, or papo's own in a folder that goes with the run. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createLog } from '../src/server/log.ts';
import { startEmbedded } from '../src/server/store/embedded.ts';
import type { Context } from './bench.ts';
import { postmasterOf } from './cpu.ts';

export type Postgres = {
  /** With which version, where. */
  readonly description: string;
  /** Its first process, if it runs on this machine. */
  readonly postmaster: number | undefined;
  /** A new, empty database, dropped with the run: its URL. */
  createDatabase(purpose: string): Promise<string>;
};

/** A child of PostgreSQL's first process that lives as long as it does. */
const askCheckpointer = "select pid::text from pg_stat_activity where backend_type = 'checkpointer'";

/**
 * The run, not papo's server, starts the embedded PostgreSQL: the floor beside the server must stand on the same one.
 * It is the same PostgreSQL with the same settings that `npm start` would run.
 */
export async function openPostgres({ undo, fail, signal }: Context): Promise<Postgres> {
  const given = process.env.DATABASE_URL;
  const base = given === undefined || given === '' ? await startOwn() : given;
  const version = await ask(base, 'show server_version');
  return {
    postmaster: postmasterOf(Number(await ask(base, askCheckpointer))),
    description: `${version.split(' ')[0]} (${base === given ? 'of DATABASE_URL' : 'embedded'})`,
    async createDatabase(purpose) {
      const name = `papo_bench_${purpose}_${process.pid}`;
      await ask(base, `create database ${name}`);
      undo.defer(async () => {
        await ask(base, `drop database if exists ${name} with (force)`);
      });
      const url = new URL(base);
      url.pathname = `/${name}`;
      return url.href;
    },
  };

  async function startOwn(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'papo-bench-'));
    undo.defer(() => rm(folder, { recursive: true, force: true }));
    // As root, PostgreSQL runs as an unprivileged user, who must be able to pass.
    await chmod(folder, 0o711);
    const embedded = await startEmbedded({
      dataDir: join(folder, 'data'),
      systemDir: join(folder, 'system'),
      log: createLog('warn'),
      onGaveUp: fail,
      signal,
    });
    undo.defer(() => embedded.stop());
    const { user, password, host, port, database } = embedded.connection;
    const [name, secret, folderOfSocket] = [user, password, host].map(part =>
      encodeURIComponent(String(part)),
    );
    return `postgres://${name}:${secret}@${folderOfSocket}:${port}/${database}`;
  }
}

/** One statement on a connection of its own; answers with the first value. */
async function ask(url: string, statement: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<string[]>({ text: statement, rowMode: 'array' });
    return rows[0]?.[0] ?? '';
  } finally {
    await client.end();
  }
}
