/** Backups for tests: made of a scratch folder, taken apart and put together again. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import pg from 'pg';
import { pino } from 'pino';
import type { Manifest } from '../../src/server/store/backup/manifest.ts';
import { atEnd } from './at-end.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';

export const silent = pino({ level: 'silent' });

export async function scratchFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'papo-backup-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function emptyDatabase(t: TestContext): Promise<TestDatabase> {
  const database = await createDatabase();
  atEnd(t, () => database.drop());
  return database;
}

/** Writes a copy of a backup in which some lines are others; its checksum is right, unless it is to be kept. */
export async function forge(
  from: string,
  to: string,
  change: (manifest: Manifest, lines: string[]) => void,
  checksum: 'right' | 'kept' = 'right',
): Promise<void> {
  const lines = gunzipSync(await readFile(from))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const [first = '{}', kept = ''] = [lines.shift(), lines.pop()];
  const manifest: Manifest = JSON.parse(first);
  change(manifest, lines);
  const content = [JSON.stringify(manifest), ...lines].map(line => `${line}\n`).join('');
  const right = JSON.stringify({ sha256: createHash('sha256').update(content).digest('hex') });
  await writeFile(to, gzipSync(`${content}${checksum === 'right' ? right : kept}\n`));
}

/** The names of a database's tables. */
export async function tablesIn(connection: pg.ClientConfig): Promise<string[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const { rows } = await client.query(
      "select tablename from pg_tables where schemaname = 'public' order by 1",
    );
    return rows.map(row => row.tablename);
  } finally {
    await client.end();
  }
}
