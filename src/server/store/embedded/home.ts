/** Where papo's PostgreSQL lives, which programs run it, and as whom: three things that only fit together. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '../../log.ts';
import { type Binaries, canRun, copyBinaries, findBinaries } from './binaries.ts';
import { isRoot, runAs, type SystemUser, unprivilegedUser } from './system-user.ts';

export type Home = {
  /** The folder of the database and all that belongs to it; it may not be there yet. Its parent is there. */
  readonly dir: string;
  readonly binaries: Binaries;
  /** Who runs PostgreSQL; undefined: the user who runs papo. */
  readonly user: SystemUser | undefined;
};

export type HomeOptions = {
  dataDir: string;
  /** The folder of `initdb` and `postgres`, instead of the npm package's. */
  binaries?: string | undefined;
  /** Where root's papo goes when PostgreSQL's user can't reach the data directory or the programs. */
  systemDir: string;
  log: Logger;
};

/** Root's folders: PostgreSQL's user must pass through them, nobody needs to look. */
const passThrough = 0o711;
const onlyUs = 0o700;

const enterTimeoutMs = 5_000;

/**
 * Decides where the database lives. One that exists is never passed over for a new, empty one, whoever starts papo.
 *
 * @throws when the data belong to another user or can't be reached, with what to do about it.
 */
export async function findHome(options: HomeOptions): Promise<Home> {
  const { dataDir, systemDir } = options;
  const binaries = await findBinaries(options.binaries);
  await makeFolder(dataDir, isRoot() ? passThrough : onlyUs);
  const here = join(dataDir, 'postgres');
  const refuge = join(systemDir, await refugeName(dataDir), 'postgres');
  return isRoot() ? homeOfRoot(here, refuge, binaries, options) : homeOfOthers(here, refuge, binaries);
}

async function homeOfOthers(here: string, refuge: string, binaries: Binaries): Promise<Home> {
  const uid = process.getuid?.();
  const owner = await ownerOf(join(here, 'data'));
  if (owner !== undefined && owner.uid !== uid) {
    throw new Error(
      `The database in ${here} belongs to user id ${owner.uid}, papo runs as user id ${uid}: start it as that user or as root, or give it another data directory (PAPO_DATA_DIR).`,
    );
  }
  if (owner === undefined && existsSync(join(refuge, 'data'))) {
    throw new Error(
      `The database of ${dirname(here)} was made by root and lives in ${refuge}: start papo as root, or give it another data directory (PAPO_DATA_DIR).`,
    );
  }
  return { dir: here, binaries, user: undefined };
}

async function homeOfRoot(
  here: string,
  refuge: string,
  found: Binaries,
  options: HomeOptions,
): Promise<Home> {
  const { dataDir, systemDir, log } = options;
  const user =
    (await ownerAmong(join(here, 'data'), join(refuge, 'data'), dataDir)) ?? (await unprivilegedUser());
  const runnable = await canRun(user, found);
  const stays = existsSync(here) || (!existsSync(refuge) && runnable && (await canEnter(user, dataDir)));
  const dir = stays ? here : refuge;
  if (!stays || !runnable) {
    log.info(
      { dataDir, database: dir, uid: user.uid },
      `PostgreSQL refuses to run as root, and the user it runs as can't reach this data directory or papo's programs: it uses ${systemDir}`,
    );
    await makeFolder(systemDir, 0o755);
    await makeFolder(dirname(dir), passThrough);
  }
  if (!(await canEnter(user, existsSync(dir) ? dir : dirname(dir)))) {
    throw new Error(
      `PostgreSQL runs as user id ${user.uid}, not as root, and that user can't reach the database in ${dir}: let it pass (chmod o+x on that folder and those above it).`,
    );
  }
  return { dir, user, binaries: runnable ? found : await copyBinaries(found, systemDir, user) };
}

/** Two checkouts must not meet in the same folder of the system's. */
async function refugeName(dataDir: string): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')
    .slice(0, 16);
  return `data-${name}`;
}

async function makeFolder(path: string, mode: number): Promise<void> {
  const made = await mkdir(path, { recursive: true }).catch(error => {
    throw new Error(`papo, running as user id ${process.getuid?.()}, can't make ${path}: ${error.message}`);
  });
  // Whatever the umask is: but a folder that was there keeps the rights somebody gave it.
  if (made !== undefined) await chmod(path, mode);
}

async function ownerAmong(...paths: string[]): Promise<SystemUser | undefined> {
  for (const path of paths) {
    const owner = await ownerOf(path);
    if (owner !== undefined && owner.uid !== 0) return owner;
  }
  return undefined;
}

async function ownerOf(path: string): Promise<SystemUser | undefined> {
  try {
    const { uid, gid } = await lstat(path);
    return { uid, gid };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(
      `papo, running as user id ${process.getuid?.()}, can't look into ${dirname(path)}: start it as the user who owns the data.`,
      { cause: error },
    );
  }
}

/** Found out by doing it: rights may come from modes, access lists, mounts. */
async function canEnter(user: SystemUser, folder: string): Promise<boolean> {
  return runAs(user, '/bin/sh', ['-c', 'cd "$1"', 'sh', folder], enterTimeoutMs).then(
    () => true,
    () => false,
  );
}
