/** Reads a backup, and believes it only at its end. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { linesOf } from './lines.ts';
import { type Manifest, parseManifest } from './manifest.ts';

export type BackupContent = { manifest: Manifest; sha256: string };

/** Takes rows as they are in the file: each one JSON object. */
export type TakeRows = (table: string, rows: readonly string[]) => Promise<void> | void;

const batchRows = 500;

/** The last line of a backup: the digest of all those before it. */
export function checksumLine(sha256: string): string {
  return JSON.stringify({ sha256 });
}

/**
 * Reads a backup from its first to its last line.
 *
 * @param take gets all rows, in order, a few hundred at a time, before it is known whether the file is whole.
 * @throws a sentence when the file is no backup, is cut off, or was changed.
 */
export async function readBackup(path: string, take: TakeRows = () => {}): Promise<BackupContent> {
  const lines = linesOf(unzip(path));
  const hash = createHash('sha256');
  try {
    const manifest = parseManifest(await nextHashed());
    if (manifest === undefined) throw notABackup(path);
    for (const { name, rows } of manifest.tables) await takeTable(name, rows);
    const sha256 = hash.digest('hex');
    if ((await next()) !== checksumLine(sha256)) throw damaged(path, 'its checksum is wrong');
    if (!(await nextLine()).done) throw damaged(path, 'something follows its end');
    return { manifest, sha256 };
  } finally {
    await lines.return(undefined);
  }

  async function takeTable(name: string, rows: number): Promise<void> {
    for (let left = rows; left > 0; ) {
      const batch: string[] = [];
      for (; batch.length < batchRows && left > 0; left -= 1) batch.push(await nextHashed());
      await take(name, batch);
    }
  }

  async function nextHashed(): Promise<string> {
    const line = await next();
    hash.update(line).update('\n');
    return line;
  }

  async function next(): Promise<string> {
    const { value, done } = await nextLine();
    if (done) throw damaged(path, 'it ends too early');
    return value;
  }

  async function nextLine(): Promise<IteratorResult<string, undefined>> {
    try {
      return await lines.next();
    } catch (error) {
      throw inWords(path, error as NodeJS.ErrnoException);
    }
  }
}

function unzip(path: string): AsyncIterable<Buffer> {
  const content = createGunzip();
  // Its errors, and those of the file, come out where the content is read.
  pipeline(createReadStream(path), content, () => {});
  return content;
}

function inWords(path: string, error: NodeJS.ErrnoException): Error {
  if (error.syscall !== undefined) return new Error(`${path} can't be read: ${error.message}`);
  if (/incorrect header/.test(error.message)) return notABackup(path);
  return damaged(path, error.message);
}

function notABackup(path: string): Error {
  return new Error(`${path} is not a backup of papo.`);
}

function damaged(path: string, how: string): Error {
  return new Error(`The backup ${path} is damaged (${how}): use another one.`);
}
