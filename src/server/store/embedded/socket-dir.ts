/** The folder of PostgreSQL's Unix socket: only its owner may enter, so only its owner can even try a password. */
import { lchown, mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SystemUser } from './system-user.ts';

/** Part of the socket's name; nothing listens on TCP. */
export const port = 5432;

const socketName = `.s.PGSQL.${port}`;

/**
 * Makes the socket's folder in `parent`; in the system's temporary folder where the path would be too long, or where
 * the file system has no sockets, as shared folders of virtual machines.
 *
 * @throws when the temporary folder is no better.
 */
export async function makeSocketDir(parent: string, user: SystemUser | undefined): Promise<string> {
  const own = join(parent, 'socket');
  await mkdir(own, { recursive: true, mode: 0o700 });
  if (await holdsSockets(own)) return give(own, user);
  const apart = await mkdtemp(temporaryPrefix());
  if (await holdsSockets(apart)) return give(apart, user);
  await rmdir(apart);
  throw new Error(
    `Neither ${own} nor ${tmpdir()} can hold PostgreSQL's socket: set TMPDIR to a folder with a short path.`,
  );
}

/** Removes what a PostgreSQL that is gone left behind: its lock names a process id that may be anybody's by now. */
export async function clearSocketDir(socketDir: string): Promise<void> {
  for (const name of [socketName, `${socketName}.lock`]) await rm(join(socketDir, name), { force: true });
}

/** Removes the folder if it is one that was made in the system's temporary folder, where it would lie about. */
export async function removeSocketDir(socketDir: string): Promise<void> {
  if (socketDir.startsWith(temporaryPrefix())) await rm(socketDir, { recursive: true, force: true });
}

function temporaryPrefix(): string {
  return join(tmpdir(), 'papo-socket-');
}

/** Found out by doing it. */
async function holdsSockets(socketDir: string): Promise<boolean> {
  // Longer than the socket's own name: where this path fits (108 bytes on Linux, 104 on macOS), so does that one.
  const path = join(socketDir, `${socketName}.probe`);
  await rm(path, { force: true });
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

async function give(socketDir: string, user: SystemUser | undefined): Promise<string> {
  if (user) await lchown(socketDir, user.uid, user.gid);
  return socketDir;
}
