/** A PostgreSQL that outlived its papo server (`kill -9`): recognised beyond doubt, then stopped. */
import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Logger } from '../../log.ts';
import { claimDatabase } from '../ownership.ts';
import type { Cluster } from './cluster.ts';
import { anotherServer } from './directory-lock.ts';
import { poll } from './polling.ts';
import { shutDown } from './postmaster.ts';
import { removeSocketDir } from './socket-dir.ts';

/** What PostgreSQL says of itself in `postmaster.pid`. The socket's folder comes last and is empty until it listens. */
type PidRecord = { pid: number; data: string; port: number; socketDir: string };

/** A server that was just killed may hold its claim for a moment; a PostgreSQL that starts needs time to answer. */
const recheckMs = 3_000;

/** SQLSTATEs of a PostgreSQL in which no session can hold a claim: it starts or stops; it has no database yet. */
const ownerless = new Set(['57P03', '3D000']);

/** The exit code of `ps` when there is no such process. */
const psFoundNothing = 1;

/** No system gives a process this id. */
const nobodysPid = '2147483647';

/**
 * Makes sure that no PostgreSQL runs on these data. The caller holds the directory's lock, so whatever runs is an
 * orphan; unless its claim is held all the same, by a papo that our lock doesn't reach (in another container, say).
 *
 * @throws when another papo server owns it, which is then left alone; when it can't be stopped.
 */
export async function stopOrphan(cluster: Cluster, log: Logger): Promise<void> {
  const record = await readPidFile(cluster.data);
  if (record === undefined || !processExists(record.pid)) return;
  if (!(await isPostmasterOf(record))) return disown(record, cluster.data, log);
  if (await isOwned(cluster, log)) throw anotherServer(dirname(cluster.home.dir));
  log.warn({ pid: record.pid }, 'stopping the PostgreSQL that a killed papo server left behind');
  await shutDown(
    signal => processExists(record.pid) && process.kill(record.pid, signal),
    async () => !(processExists(record.pid) && (await isPostmasterOf(record))),
    log,
  );
  await removeSocketDir(record.socketDir);
}

export async function readPidFile(data: string): Promise<PidRecord | undefined> {
  const path = join(data, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const lines = (await readFile(path, 'utf8')).split('\n');
  const [pid = '', ownData = '', , port = '', socketDir = ''] = lines;
  // The negative id of a single-user session is PostgreSQL's own affair: it refuses to start beside it.
  if (!(Number(pid) > 0)) return undefined;
  return { pid: Number(pid), data: ownData, port: Number(port), socketDir };
}

function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Whether the process is the one that wrote the record: after a crash of the machine its id may be anybody's, even
 * another PostgreSQL's.
 *
 * @throws when that can't be told: a wrong guess either way would stop somebody else's database, or ignore this one.
 */
async function isPostmasterOf({ pid, data }: PidRecord): Promise<boolean> {
  const { program, command } = await commandOf(pid);
  if (basename(program) !== 'postgres') return false;
  if ([` -D ${data} `, ` -D ${data}/ `].some(option => `${command} `.includes(option))) return true;
  if (command.includes(' -D /')) return false;
  throw new Error(
    `Process ${pid} is a PostgreSQL that may be using ${data}, but was not started by papo ("${command}"): stop it first.`,
  );
}

/** Empty texts for a process that has ended, also while nobody has asked for its exit status yet. */
async function commandOf(pid: number): Promise<{ program: string; command: string }> {
  if (existsSync('/proc/self/cmdline')) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(emptyIf('ENOENT', 'ESRCH'));
    const words = text.split('\0');
    return { program: words[0] ?? '', command: words.join(' ').trim() };
  }
  const column = (name: string) =>
    promisify(execFile)('ps', ['-p', String(pid), '-o', `${name}=`])
      .then(({ stdout }) => stdout.trim())
      .catch(emptyIf(psFoundNothing));
  return { program: await column('comm'), command: await column('args') };
}

function emptyIf(...codes: (string | number)[]): (error: { code: string | number }) => string {
  return error => {
    if (codes.includes(error.code)) return '';
    throw error;
  };
}

async function isOwned(cluster: Cluster, log: Logger): Promise<boolean> {
  let held = false;
  let silence: unknown;
  const free = await poll(async () => {
    const record = await readPidFile(cluster.data);
    if (record === undefined) return true;
    if (record.socketDir === '') return undefined;
    try {
      const claim = await claimDatabase({ ...cluster.connection, host: record.socketDir, port: record.port });
      held = claim === undefined;
      await claim?.end();
      return held ? undefined : true;
    } catch (error) {
      if (error instanceof pg.DatabaseError && ownerless.has(error.code ?? '')) return true;
      // It lets in nobody, or not us: whoever was in before may still be there.
      held = error instanceof pg.DatabaseError;
      silence = error;
      return undefined;
    }
  }, recheckMs);
  if (free === undefined && silence !== undefined) {
    log.warn({ err: silence }, "the PostgreSQL that runs on the data directory doesn't say whose it is");
  }
  return free === undefined && held;
}

/**
 * Makes PostgreSQL see that its record is old: it takes a process of the same user and id for a running PostgreSQL.
 * The rest of the file stays, since it protects the data: it names the memory that processes of a killed PostgreSQL
 * may still use, and PostgreSQL doesn't start before they are gone.
 */
async function disown(record: PidRecord, data: string, log: Logger): Promise<void> {
  log.info({ pid: record.pid }, 'postmaster.pid names a process that is something else by now');
  const path = join(data, 'postmaster.pid');
  const content = (await readFile(path, 'utf8')).replace(/^\d+/, nobodysPid);
  // Not shorter than before, so written over it at once; a link that somebody put there is not followed.
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  await file.write(content, 0);
  await file.close();
}
