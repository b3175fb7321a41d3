/** From a stopped database to one that answers. */
import pg from 'pg';
import type { Logger } from '../../log.ts';
import type { Cluster } from './cluster.ts';
import { poll } from './polling.ts';
import { Postmaster } from './postmaster.ts';
import { clearSocketDir } from './socket-dir.ts';

/** Long enough to replay what a crash left to be replayed. */
const readyTimeoutMs = 120_000;
const answerTimeoutMs = 5_000;

/** How long processes of a killed PostgreSQL may take to notice that it is gone, and to go too. */
const survivorsTimeoutMs = 60_000;
const survivorsLeft = /pre-existing shared memory block .* is still in use/;

/** SQLSTATEs: it starts or stops; any other answer will be the same the next time. */
const notYet = /^57P/;
const wrongPassword = '28P01';

/**
 * Starts PostgreSQL and waits until it lets us in and has the database `papo`.
 *
 * @param signal gives up, and stops what was started.
 * @throws with the end of PostgreSQL's log when it doesn't come up.
 */
export async function launch(cluster: Cluster, log: Logger, signal?: AbortSignal): Promise<Postmaster> {
  let refusal: unknown;
  const postmaster = await poll(
    async () => {
      try {
        return await launchOnce(cluster, log, signal);
      } catch (error) {
        if (!(error instanceof Error && survivorsLeft.test(error.message))) throw error;
        if (refusal === undefined) log.warn('processes of the PostgreSQL before this one are still ending');
        refusal = error;
        return undefined;
      }
    },
    survivorsTimeoutMs,
    signal,
  );
  if (postmaster === undefined) throw refusal;
  return postmaster;
}

async function launchOnce(
  cluster: Cluster,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<Postmaster> {
  await clearSocketDir(cluster.socketDir);
  const postmaster = new Postmaster(cluster);
  try {
    await untilReady(postmaster, cluster, signal);
    return postmaster;
  } catch (error) {
    await postmaster.stop(log);
    throw error;
  }
}

async function untilReady(
  postmaster: Postmaster,
  cluster: Cluster,
  signal: AbortSignal | undefined,
): Promise<void> {
  let lastAnswer = 'none';
  const ready = await poll(
    async () => {
      if (!postmaster.running) throw await failure(`ended while starting: ${await postmaster.ended}`);
      try {
        await ensureDatabase(cluster);
        return true;
      } catch (error) {
        if (error instanceof pg.DatabaseError && !notYet.test(error.code ?? '')) throw refusal(error);
        lastAnswer = error instanceof Error ? error.message : String(error);
        return undefined;
      }
    },
    readyTimeoutMs,
    signal,
  );
  if (!ready) throw await failure(`let nobody in within ${readyTimeoutMs} ms, saying: ${lastAnswer}`);

  async function failure(what: string): Promise<Error> {
    return new Error(`PostgreSQL ${what}. The end of ${cluster.logFile}:\n${await postmaster.logTail()}`);
  }

  function refusal(error: pg.DatabaseError): Error {
    const message =
      error.code === wrongPassword
        ? `The password kept in ${cluster.home.dir} isn't the database's: restore that file.`
        : `PostgreSQL is up, but says: ${error.message}.`;
    return new Error(message, { cause: error });
  }
}

/** At every start: the one that made the files may have been killed before it came here. */
async function ensureDatabase({ connection }: Cluster): Promise<void> {
  const client = new pg.Client({
    ...connection,
    database: 'postgres',
    application_name: 'papo start',
    connectionTimeoutMillis: answerTimeoutMs,
    query_timeout: readyTimeoutMs,
  });
  // An 'error' without a listener would end the process; what was asked for fails by itself.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      connection.database,
    ]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(connection.database)}`);
  } finally {
    await client.end();
  }
}
