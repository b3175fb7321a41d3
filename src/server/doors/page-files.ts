/** The built page, read once at the start: what isn't in memory then can't be asked for, whatever the path looks like. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

/** As it is sent; `undefined` is as it is. Beside a file lie those that the build has made smaller. */
export const encodings = { br: '.br', gzip: '.gz' } as const;
export type Encoding = keyof typeof encodings;

export type PageFile = {
  type: string;
  /** The build puts a digest into its name: what is at this address never changes. */
  isImmutable: boolean;
  /** Of the contents, as they are before they are encoded. */
  digest: string;
  bytes: Uint8Array<ArrayBuffer>;
  encoded: Partial<Record<Encoding, Uint8Array<ArrayBuffer>>>;
};

/** By address, like `/index.html`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Those of its files that a page is made of; none where it wasn't built. Links are not followed. */
export function readPageFiles(folder: string): PageFiles {
  const entries = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const paths = entries
    .filter(entry => entry.isFile() && extname(entry.name) in types && !entry.name.startsWith('.'))
    .map(entry => join(entry.parentPath, entry.name));
  return new Map(
    paths.map(path => [`/${relative(folder, path).replaceAll(sep, '/')}`, readPageFile(folder, path)]),
  );
}

function readPageFile(folder: string, path: string): PageFile {
  const bytes = new Uint8Array(readFileSync(path));
  const smaller = Object.entries(encodings).filter(([, extension]) => existsSync(path + extension));
  return {
    type: types[extname(path)] ?? '',
    isImmutable: relative(folder, path).startsWith(`assets${sep}`),
    digest: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
    bytes,
    encoded: Object.fromEntries(
      smaller.map(([encoding, extension]) => [encoding, new Uint8Array(readFileSync(path + extension))]),
    ),
  };
}
