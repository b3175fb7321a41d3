/** One run of the program `postgres`, from its spawn to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fchownSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../log.ts';
import type { Cluster } from './cluster.ts';
import { poll } from './polling.ts';
import { port } from './socket-dir.ts';
import { programEnvironment } from './system-user.ts';

const maxLogBytes = 4 * 1024 * 1024;
const tailBytes = 2_048;

/** Fast: drops the sessions and writes a checkpoint. Immediate: just ends, and the next start has to replay. */
const shutdowns = [
  { signal: 'SIGINT', name: 'fast', timeoutMs: 30_000 },
  { signal: 'SIGQUIT', name: 'immediate', timeoutMs: 10_000 },
] as const;

export class Postmaster {
  /** Resolves, with how in words, when the process has ended or could not be started. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #logStart: number;
  #running = true;

  /**
   * Spawns it in a session of its own, so that a Ctrl-C or a closed terminal, which goes to everything the terminal
   * started, leaves it to papo to end PostgreSQL last.
   */
  constructor(cluster: Cluster) {
    const log = openLog(cluster);
    this.#logFile = cluster.logFile;
    this.#logStart = fstatSync(log).size;
    try {
      this.#child = spawn(join(cluster.home.binaries.bin, 'postgres'), postgresArguments(cluster), {
        ...cluster.home.user,
        cwd: '/',
        env: programEnvironment,
        detached: true,
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
    this.#child.unref();
    this.ended = new Promise(resolve => {
      this.#child.on('error', error => {
        // A signal that couldn't be sent is an 'error', too, but no end.
        if (this.#child.pid === undefined) resolve(error.message);
      });
      this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.ended.then(() => {
      this.#running = false;
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** The end of what it has written to its log. */
  async logTail(): Promise<string> {
    const file = await open(this.#logFile, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(this.#logStart, size - tailBytes);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(tailBytes), position: start });
      return buffer.toString('utf8', 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  }

  /** Ends it; resolves when it is gone. */
  async stop(log: Logger): Promise<void> {
    await shutDown(
      signal => this.#child.kill(signal),
      () => !this.#running,
      log,
    );
  }
}

/**
 * Asks a PostgreSQL to end, with more urgency if it takes too long.
 *
 * @param send sends the signal to its main process; called only as long as that one isn't gone.
 * @throws when it is still there at the end.
 */
export async function shutDown(
  send: (signal: NodeJS.Signals) => unknown,
  isGone: () => boolean | Promise<boolean>,
  log: Logger,
): Promise<void> {
  for (const { signal, name, timeoutMs } of shutdowns) {
    if (await isGone()) return;
    send(signal);
    if (await poll(async () => (await isGone()) || undefined, timeoutMs)) return;
    log.warn(`a ${name} shutdown of PostgreSQL wasn't done within ${timeoutMs} ms`);
  }
  throw new Error("PostgreSQL can't be stopped.");
}

function postgresArguments({ data, socketDir }: Cluster): string[] {
  const settings = {
    listen_addresses: '',
    port,
    // The setting is a list: in quotes, a comma or a space is part of the path.
    unix_socket_directories: `"${socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: 100,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // The log is for what goes wrong: a line per checkpoint would make it grow for ever.
    log_checkpoints: 'off',
    cluster_name: 'papo',
  };
  // An orphan is recognised by this first option: see orphan.ts.
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

function openLog({ logFile, home }: Cluster): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const log = openSync(logFile, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  if (home.user) fchownSync(log, home.user.uid, home.user.gid);
  if (fstatSync(log).size > maxLogBytes) ftruncateSync(log);
  return log;
}
