/** The database's files: made whole or not at all, with a password of its own. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, lchown, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ClientConfig } from 'pg';
import type { Logger } from '../../log.ts';
import type { Home } from './home.ts';
import { makeSocketDir, port } from './socket-dir.ts';
import { runAs } from './system-user.ts';

export type Cluster = {
  readonly home: Home;
  /** PostgreSQL's own data directory. */
  readonly data: string;
  readonly logFile: string;
  readonly socketDir: string;
  /** How to connect, as superuser, to the database `papo`. */
  readonly connection: ClientConfig & { readonly database: string };
};

/** Of the database, and of its superuser. */
export const databaseName = 'papo';
const passwordBytes = 32;
const initdbTimeoutMs = 120_000;

/** Since this version PostgreSQL brings a locale of its own: the order of code points, the same on every system. */
const majorWithBuiltinLocale = 17;

/**
 * Opens the database of a home, after making it if there is none. The caller holds the directory's lock.
 *
 * @throws when the data are of another major version than the programs, or something of theirs is missing.
 */
export async function openCluster(home: Home, log: Logger): Promise<Cluster> {
  await removeUnfinished(home.dir, log);
  if (!existsSync(home.dir)) await makeCluster(home, log);
  const data = join(home.dir, 'data');
  await requireMajor(home, data);
  await handOver(home, data, log);
  const password = await readPassword(home.dir);
  const socketDir = await makeSocketDir(home.dir, home.user);
  return {
    home,
    data,
    logFile: join(home.dir, 'postgres.log'),
    socketDir,
    connection: { host: socketDir, port, user: databaseName, password, database: databaseName },
  };
}

/** `initdb` works in a folder beside; one rename puts the finished database in its place. */
async function makeCluster({ dir, user, binaries }: Home, log: Logger): Promise<void> {
  log.info({ database: dir }, `making a database of PostgreSQL ${binaries.version}`);
  const unfinished = await mkdtemp(`${dir}.new-`);
  const password = join(unfinished, 'password');
  const data = join(unfinished, 'data');
  try {
    await writePassword(password);
    await mkdir(data, { mode: 0o700 });
    if (user) {
      // The folder itself stays root's, so that PostgreSQL's user can't put links where root writes.
      await chmod(unfinished, 0o711);
      for (const path of [password, data]) await lchown(path, user.uid, user.gid);
    }
    await runAs(
      user,
      join(binaries.bin, 'initdb'),
      initdbArguments(binaries.major, data, password),
      initdbTimeoutMs,
    );
    await syncFolder(unfinished);
    await rename(unfinished, dir);
    await syncFolder(dirname(dir));
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

function initdbArguments(major: number, data: string, password: string): string[] {
  const locale =
    major >= majorWithBuiltinLocale ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
  return [
    `--pgdata=${data}`,
    `--username=${databaseName}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...locale,
    '--data-checksums',
    '--no-instructions',
  ];
}

async function writePassword(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await file.writeFile(randomBytes(passwordBytes).toString('base64url'));
  await file.sync();
  await file.close();
}

export async function readPassword(dir: string): Promise<string> {
  const path = join(dir, 'password');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`The password of the database in ${dir} can't be read (${path}): restore that file.`, {
      cause: error,
    });
  }
}

async function requireMajor({ dir, binaries }: Home, data: string): Promise<void> {
  const version = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(error => {
    throw new Error(
      `${dir} is there, but can't be read as a database (${error.message}): move it away, or restore it.`,
    );
  });
  const major = Number.parseInt(version, 10);
  if (major === binaries.major) return;
  throw new Error(
    `The database in ${dir} was made by PostgreSQL ${major}, papo's own is PostgreSQL ${binaries.major} and can't read it. ` +
      `Start it with the papo that made it, back it up there and restore the backup into a new data directory; or run PostgreSQL ${major} on it yourself and set DATABASE_URL.`,
  );
}

/** Data that root restored by copying belong to root, who can't run PostgreSQL. */
async function handOver({ user }: Home, data: string, log: Logger): Promise<void> {
  if (user === undefined || (await lstat(data)).uid === user.uid) return;
  log.info({ data, uid: user.uid }, 'handing the database over to the user who runs PostgreSQL');
  for (const entry of await readdir(data, { recursive: true })) {
    await lchown(join(data, entry), user.uid, user.gid);
  }
  await lchown(data, user.uid, user.gid);
}

/** What an earlier start left behind when it was killed at work. */
async function removeUnfinished(dir: string, log: Logger): Promise<void> {
  const prefix = `${basename(dir)}.new-`;
  for (const entry of await readdir(dirname(dir))) {
    if (!entry.startsWith(prefix)) continue;
    log.warn({ folder: entry }, 'removing a half-made database of an interrupted start');
    await rm(join(dirname(dir), entry), { recursive: true, force: true, maxRetries: 5 });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}
