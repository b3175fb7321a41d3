/** One papo server per data directory, also while its PostgreSQL is not there yet or is being restarted. */
import { lchownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { poll } from './polling.ts';
import { isRoot } from './system-user.ts';

export type DirectoryLock = { release(): void };

/** After a `kill -9` the kernel may need a moment to free what the dead server held. */
const recheckMs = 2_000;

/** SQLite's result code for a file that another connection has locked. */
const sqliteBusy = 5;

/**
 * Locks a directory for as long as this process lives: the operating system frees the lock however the process ends.
 *
 * Node has no file locks of its own, but brings SQLite, which has: a transaction on an empty database that is never
 * committed. Nothing is stored in it. (A file with a process id would go stale, and two servers that find it stale
 * at the same instant would both take it over.)
 *
 * @throws when another papo server holds it, or the directory can't be written to.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const lock = await poll(() => tryLock(directory), recheckMs);
  if (lock === undefined) throw anotherServer(directory);
  return lock;
}

/** Whether a papo server has it at this moment. */
export function isLocked(directory: string): boolean {
  const lock = tryLock(directory);
  lock?.release();
  return lock === undefined;
}

/** What a second server is told. */
export function anotherServer(directory: string): Error {
  return new Error(
    `Another papo server is using the data directory ${directory}. Stop it first, or give this one a directory of its own (PAPO_DATA_DIR).`,
  );
}

function tryLock(directory: string): DirectoryLock | undefined {
  const path = join(directory, 'papo.lock');
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path);
    // The pragma asks to write, which is refused where the file can only be read: a reader would lock nothing.
    file.exec('pragma journal_mode = memory; begin exclusive; pragma user_version = 1');
    if (isRoot()) giveToOwnerOf(directory, path);
  } catch (error) {
    file?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `papo, running as user id ${process.getuid?.()}, can't lock ${path} (${reason}): start it as the user who owns the directory.`,
      { cause: error },
    );
  }
  const held = file;
  return { release: () => held.close() };
}

/** The next one to start papo here may be the owner. */
function giveToOwnerOf(directory: string, path: string): void {
  const { uid, gid } = statSync(directory);
  lchownSync(path, uid, gid);
}
