/** A file that is there whole, or not at all. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export type WholeFileOptions = {
  /** A file that is there is replaced, by the finished one. */
  overwrite?: boolean | undefined;
  /** Gives up; nothing is left behind. */
  signal?: AbortSignal | undefined;
};

/** It holds everyone's words and password hashes. */
const onlyOwner = 0o600;

/** @throws when the file is there and may not be overwritten. */
export function requireFree(path: string, { overwrite }: WholeFileOptions): void {
  if (!overwrite && existsSync(path))
    throw new Error(`${path} is there already: name another file, or say --force.`);
}

/**
 * Writes it compressed, under a temporary name, and gives it its own when it is on the disk.
 *
 * @returns its size in bytes.
 */
export async function writeWhole(
  path: string,
  content: AsyncIterable<string>,
  options: WholeFileOptions,
): Promise<number> {
  const unfinished = `${path}.unfinished-${randomBytes(4).toString('hex')}`;
  const file = await open(unfinished, 'wx', onlyOwner).catch(error => {
    throw new Error(`${path} can't be written: ${error.message}`);
  });
  try {
    const { signal } = options;
    await pipeline(content, createGzip(), packed => file.writeFile(packed), signal ? { signal } : {});
    await file.sync();
    const { size } = await file.stat();
    await file.close();
    requireFree(path, options);
    await rename(unfinished, path);
    await syncFolder(dirname(path));
    return size;
  } catch (error) {
    await file.close();
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** A name is durable when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}
