/** Reaching the PostgreSQL of a papo server that runs, from another process. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ClientConfig } from 'pg';
import { databaseName, readPassword } from './cluster.ts';
import { isLocked } from './directory-lock.ts';
import type { Home } from './home.ts';
import { readPidFile } from './orphan.ts';

export function hasDatabase(home: Home): boolean {
  return existsSync(join(home.dir, 'data'));
}

/**
 * How to connect to it.
 *
 * @returns undefined when no server holds the directory.
 * @throws when one does, but its PostgreSQL doesn't listen yet, or any more.
 */
export async function findRunning(home: Home): Promise<ClientConfig | undefined> {
  const directory = dirname(home.dir);
  if (!isLocked(directory)) return undefined;
  const record = await readPidFile(join(home.dir, 'data'));
  if (record === undefined || record.socketDir === '') {
    throw new Error(`The papo server of ${directory} is starting or stopping: try again in a moment.`);
  }
  return {
    host: record.socketDir,
    port: record.port,
    user: databaseName,
    password: await readPassword(home.dir),
    database: databaseName,
  };
}
