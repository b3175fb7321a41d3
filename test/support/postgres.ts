/** Databases for tests, in one PostgreSQL that the whole test run shares. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { EmbeddedProcess } from './embedded-process.ts';
import type { ServerOptions } from './embedded-server.ts';

export type TestDatabase = {
  /** As DATABASE_URL: the socket's folder, percent-encoded, stands in the host's place. */
  url: string;
  connection: pg.ClientConfig;
  /** Ends its sessions, too. */
  drop(): Promise<void>;
};

/** Where the global set-up tells the test files' processes how to connect: a `ClientConfig` as JSON. */
export const connectionVariable = 'PAPO_TEST_POSTGRES';

/** A new, empty database. */
export async function createDatabase(): Promise<TestDatabase> {
  const server = await sharedConnection();
  const database = `test_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${database}`);
  const connection = { ...server, database };
  return {
    url: urlOf(connection),
    connection,
    drop: () => administer(server, `drop database if exists ${database} with (force)`),
  };
}

/** Starts the PostgreSQL of a test run, in a directory that is removed when it ends. */
export async function startPostgres(
  options: ServerOptions = {},
): Promise<{ connection: pg.ClientConfig; process: EmbeddedProcess }> {
  const process = new EmbeddedProcess(options);
  const report = await process.started;
  if ('error' in report) throw new Error(report.error);
  return { connection: report.connection, process };
}

let ofThisProcess: Promise<pg.ClientConfig> | undefined;

/** A test file that is run alone, without the global set-up, has a PostgreSQL of its own. */
async function sharedConnection(): Promise<pg.ClientConfig> {
  const given = process.env[connectionVariable];
  if (given !== undefined) return JSON.parse(given);
  ofThisProcess ??= startPostgres().then(({ connection, process }) => {
    process.unref();
    return connection;
  });
  return ofThisProcess;
}

async function administer(server: pg.ClientConfig, statement: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export function urlOf({ user, password, host, port, database }: pg.ClientConfig): string {
  const part = (value: unknown) => encodeURIComponent(String(value));
  return `postgresql://${part(user)}:${part(password)}@${part(host)}:${port}/${part(database)}`;
}
