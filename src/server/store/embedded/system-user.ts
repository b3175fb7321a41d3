/** The user of the operating system that runs PostgreSQL, which refuses to run as root. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export type SystemUser = { readonly uid: number; readonly gid: number };

/** Users without rights, in order of preference, for papo started by root. */
const unprivilegedNames = ['postgres', 'nobody'];

const nobody: SystemUser = { uid: 65_534, gid: 65_534 };

/** The environment of PostgreSQL's programs: nothing of ours, which may hold secrets, and messages in English. */
export const programEnvironment = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The user `postgres` where the system has one, else `nobody`. */
export async function unprivilegedUser(): Promise<SystemUser> {
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'));
  for (const name of unprivilegedNames) {
    const account = accounts.find(fields => fields[0] === name);
    // macOS writes nobody's -2, which to the kernel is the unsigned number.
    if (account) return { uid: Number(account[2]) >>> 0, gid: Number(account[3]) >>> 0 };
  }
  return nobody;
}

/**
 * Runs a program to its end as `user` (undefined: as ourselves).
 *
 * @returns its standard output.
 * @throws with what it wrote to standard error, when it can't be run, fails or takes longer than `timeoutMs`.
 */
export async function runAs(
  user: SystemUser | undefined,
  program: string,
  args: string[],
  timeoutMs: number,
): Promise<string> {
  // The working directory must be one that the user may enter.
  const options = { ...user, cwd: '/', env: programEnvironment, timeout: timeoutMs };
  try {
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${program} failed: ${said || String(error)}`, { cause: error });
  }
}
