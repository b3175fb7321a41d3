/**
 * `npm run page` builds the page into dist/web. `npm start` runs it with `--if-stale`: then it builds only if something that
 * the page is made of has changed since, and a page that can't be built doesn't keep the server from starting. The tests add
 * `--or-fail`: for them it does.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist/web');
/** What the page was made of when it was built last. */
const stamp = join(root, 'dist/web.digest');
const vite = join(root, 'node_modules/vite/bin/vite.js');
const sources = ['src/{web,sdk,contract}/**/*', 'vite.config.ts', 'package-lock.json', 'tools/page.ts'];
/** What is smaller hardly gets smaller. */
const minCompressedBytes = 1_000;

const digest = digestOfSources();
if (process.argv.includes('--if-stale')) buildIfStale();
else if (!build()) process.exitCode = 1;

function digestOfSources(): string {
  const hash = createHash('sha256');
  for (const entry of globSync(sources, { cwd: root, withFileTypes: true })
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
    .sort()) {
    const bytes = readFileSync(entry);
    hash.update(`${entry.slice(root.length)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

function readStamp(): string | undefined {
  const isThere = existsSync(stamp) && existsSync(join(folder, 'index.html'));
  return isThere ? readFileSync(stamp, 'utf8') : undefined;
}

/** Installed without what builds it, as on a server that got it built: it goes with the page that is there. */
function buildIfStale(): void {
  if (readStamp() === digest || !existsSync(vite) || !existsSync(join(root, 'vite.config.ts'))) return;
  process.stdout.write('papo builds its page (once, and again when it changes)\n');
  if (build()) return;
  process.stderr.write('The page could not be built, and is as it was.\n');
  if (process.argv.includes('--or-fail')) process.exitCode = 1;
}

/** @returns whether it worked; Vite has said why, if not. */
function build(): boolean {
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) return false;
  for (const name of globSync('**/*.{html,js,css,json,svg,webmanifest,txt}', { cwd: folder })) {
    const bytes = readFileSync(join(folder, name));
    if (bytes.length < minCompressedBytes) continue;
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
  writeFileSync(stamp, digest);
  return true;
}
