/** The machine that papo is to run on, and the settings that can be judged by themselves. */
import { access, constants, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Config } from '../../server/config.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

export type Machine = {
  node: string;
  /** Files and sockets that the process may have open; undefined: as many as it likes. */
  descriptors: number | undefined;
  memoryBytes: number;
};

const minNodeMajor = 24;
/** Of them the server, its database and its files need a few hundred; each connection needs one. */
const minDescriptors = 4_096;
const mebibyte = 1024 * 1024;
const minMemoryBytes = { alone: 256 * mebibyte, withPostgres: 512 * mebibyte };
const minFreeBytes = { atAll: 256 * mebibyte, forLong: 2_048 * mebibyte };
/** Random bytes have more different characters, also as hexadecimal. */
const minDistinctCharacters = 9;

export function thisMachine(): Machine {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = Number(report.userLimits?.open_files?.soft);
  const limit = process.constrainedMemory();
  return {
    node: process.versions.node,
    descriptors: Number.isFinite(soft) ? soft : undefined,
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
  };
}

export function lookAtMachine({ node, descriptors, memoryBytes }: Machine, config: Config): Finding[] {
  const needed = config.databaseUrl === undefined ? minMemoryBytes.withPostgres : minMemoryBytes.alone;
  const memory = `${Math.round(memoryBytes / mebibyte)} MiB`;
  return [
    Number.parseInt(node, 10) >= minNodeMajor
      ? ok('node', node)
      : problem('node', `${node} is too old`, `Use Node ${minNodeMajor} or later; "npm ci" brings one.`),
    descriptors === undefined || descriptors >= minDescriptors
      ? ok('descriptors', `${descriptors ?? 'as many as it likes'}`)
      : warning(
          'descriptors',
          `${descriptors}: every connection takes one`,
          'Raise them: "ulimit -n 65536", LimitNOFILE=65536 for systemd, "ulimits" for Docker.',
        ),
    memoryBytes >= needed
      ? ok('memory', memory)
      : warning('memory', memory, `Give papo at least ${needed / mebibyte} MiB.`),
    lookAtSecret(config.secret),
  ];
}

function lookAtSecret(secret: string | undefined): Finding {
  if (secret === undefined)
    return ok('PAPO_SECRET', 'not given: papo makes one and keeps it in the database');
  return new Set(secret).size >= minDistinctCharacters
    ? ok('PAPO_SECRET', 'given')
    : problem(
        'PAPO_SECRET',
        'can be guessed: it repeats itself, and whoever has it is everyone',
        'Make one with "openssl rand -base64 32". Everyone then signs in again.',
      );
}

/** The directory of papo's own database: can it be written, and is there room? */
export async function lookAtDisk(dataDir: string): Promise<Finding[]> {
  const folder = await nearestFolder(dataDir);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const says = `${Math.floor(free / mebibyte)} MiB free at ${folder}`;
  return [
    await access(folder, constants.W_OK | constants.X_OK).then(
      () => ok('data directory', `${dataDir} can be written`),
      () =>
        problem(
          'data directory',
          `${folder} can not be written by user id ${process.getuid?.()}`,
          'Give that user the folder (chown), or name another one with PAPO_DATA_DIR.',
        ),
    ),
    free < minFreeBytes.atAll
      ? problem('disk', says, 'Make room: without it PostgreSQL stops.')
      : free < minFreeBytes.forLong
        ? warning('disk', says, 'Make room before it is used up.')
        : ok('disk', says),
  ];
}

/** The directory itself, or the one in which it will be made. */
async function nearestFolder(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path));
}
