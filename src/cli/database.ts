/** The database that the settings name, for as long as a command works on it. */
import type { ClientConfig } from 'pg';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import { type Config, readConfig } from '../server/config.ts';
import type { Logger } from '../server/log.ts';
import { Operator } from '../server/operations/operator.ts';
import { Passwords } from '../server/operations/passwords.ts';
import { readDotEnv, type Values } from '../server/settings/sources.ts';
import { Administration } from '../server/store/administration.ts';
import { openSingle } from '../server/store/database.ts';
import { openExisting, startEmbedded } from '../server/store/embedded.ts';
import { Logins } from '../server/store/logins.ts';
import { requireCurrent } from '../server/store/migrations/migrations.ts';
import { Rooms } from '../server/store/rooms.ts';
import { Users } from '../server/store/users.ts';

export type Workplace = {
  connection: ClientConfig;
  log: Logger;
  /** Aborted by Ctrl-C: papo's own PostgreSQL must be stopped before the process ends. */
  signal: AbortSignal;
};

/** Which database may be worked on where papo runs its own PostgreSQL. */
export type Which =
  /** One that is there, also while a server runs on it. */
  | 'existing'
  /** One that no server runs on; made where there is none. */
  | 'own';

/** As whoever has the machine, on a database that is there and of this papo; a server may be running on it. */
export function withOperator<T>(flags: Values, work: (operator: Operator) => Promise<T>): Promise<T> {
  return withDatabase('existing', flags, async ({ connection, log }) => {
    await using db = openSingle(connection, log);
    await requireCurrent(db);
    const operator = new Operator({
      users: new Users(db),
      logins: new Logins(db),
      administration: new Administration(db),
      rooms: new Rooms(db),
      passwords: new Passwords(),
    });
    return await work(operator);
  });
}

/** Starts papo's own PostgreSQL if it is that, and stops it when the work is done, failed, or was interrupted. */
export async function withDatabase<T>(
  which: Which,
  flags: Values,
  work: (place: Workplace) => Promise<T>,
): Promise<T> {
  const config = readConfig({ flags, environment: process.env, dotEnv: readDotEnv() });
  const log = pino({ level: 'warn', base: null }, pretty({ destination: 2, sync: true, ignore: 'time' }));
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
  }
  const { signal } = interrupted;
  await using parts = new AsyncDisposableStack();
  const connection = await connect(config);
  return await work({ connection, log, signal });

  async function connect({ databaseUrl, dataDir }: Config): Promise<ClientConfig> {
    if (databaseUrl !== undefined) return { connectionString: databaseUrl };
    const open = which === 'existing' ? openExisting : startEmbedded;
    const embedded = parts.adopt(await open({ dataDir, log, signal }), postgres => postgres.stop());
    return embedded.connection;
  }
}
