/**
 * papo's own PostgreSQL: real PostgreSQL, run from its data directory, for those who have none. It is started detached
 * and stopped last; `embedded/` holds its parts, from the folder it lives in to the supervision of its process.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ClientConfig } from 'pg';
import type { Logger } from '../log.ts';
import { openCluster } from './embedded/cluster.ts';
import { lockDirectory } from './embedded/directory-lock.ts';
import { findHome } from './embedded/home.ts';
import { launch } from './embedded/launch.ts';
import { stopOrphan } from './embedded/orphan.ts';
import { findRunning, hasDatabase } from './embedded/running.ts';
import { removeSocketDir } from './embedded/socket-dir.ts';
import { Supervisor } from './embedded/supervisor.ts';

export type EmbeddedPostgres = {
  /** How to connect to its `papo` database. */
  readonly connection: ClientConfig;
  /** Stops PostgreSQL fast: sessions are dropped. Resolves when its process is gone and the directory is free. */
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  /** papo's data directory; made when missing. The database is in its folder `postgres`. */
  dataDir: string;
  log: Logger;
  /** The folder of `initdb` and `postgres`; those of the npm package by default. */
  binaries?: string;
  /** PostgreSQL crashed, or failed to start again, too often in a row: it stays down. */
  onGaveUp?: (error: Error) => void;
  /** Gives up starting: nothing is left running. */
  signal?: AbortSignal;
  /**
   * Where the database and the programs go when root starts papo (PostgreSQL then runs as an unprivileged user) in a
   * place that user can't reach, such as a checkout under /root.
   */
  systemDir?: string;
};

const defaultSystemDir = '/var/lib/papo';

/**
 * Starts PostgreSQL in a data directory, and keeps it running until it is stopped. What an earlier server left behind
 * there when it was killed is cleared first.
 *
 * @throws an error fit to be shown to people: the platform has no programs, the data are of another version or belong
 * to another user, another papo server uses them, PostgreSQL doesn't come up (with the end of its log).
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log, binaries, signal, systemDir = defaultSystemDir } = options;
  const home = await findHome({ dataDir: resolve(options.dataDir), binaries, systemDir, log });
  // Undone in reverse: when the start fails on its way, or later by stop().
  await using undo = new AsyncDisposableStack();
  const lock = await lockDirectory(dirname(home.dir));
  undo.defer(() => lock.release());
  const cluster = await openCluster(home, log);
  undo.defer(() => removeSocketDir(cluster.socketDir));
  await stopOrphan(cluster, log);
  const supervisor = new Supervisor({
    postmaster: await launch(cluster, log, signal),
    launch: stopping => launch(cluster, log, stopping),
    log,
    // Whoever doesn't listen finds the news in the log, and every query fails.
    onGaveUp: options.onGaveUp ?? (() => {}),
  });
  undo.defer(() => supervisor.stop());
  log.info({ database: home.dir, version: home.binaries.version }, 'PostgreSQL is up');
  const ending = undo.move();
  let stopped: Promise<void> | undefined;
  return {
    connection: cluster.connection,
    stop() {
      stopped ??= ending.disposeAsync();
      return stopped;
    },
  };
}

/**
 * The database that a data directory has: that of the running server if there is one (which `stop` leaves alone), else
 * started for the purpose. None is made.
 *
 * @throws also when there is no database.
 */
export async function openExisting(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log, binaries, systemDir = defaultSystemDir } = options;
  const dataDir = resolve(options.dataDir);
  const nothing = new Error(
    `There is no database in ${dataDir}: name its directory (PAPO_DATA_DIR), or its server (DATABASE_URL).`,
  );
  if (!existsSync(dataDir)) throw nothing;
  const home = await findHome({ dataDir, binaries, systemDir, log });
  if (!hasDatabase(home)) throw nothing;
  const connection = await findRunning(home);
  return connection === undefined ? startEmbedded(options) : { connection, stop: async () => {} };
}
