/**
 * `npm run check`, the package: it builds, its SDK and its page are small, the SDK knows nothing of Node, and what would be
 * published resolves, types included, as other people's tools expect.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** The whole SDK, minified and gzipped. */
const maxSdkBytes = 10_000;
/** What it has for browsers only. */
const maxBrowserBytes = 3_000;
/** All JavaScript that the page loads at first. */
const maxPageBytes = 90_000;
const root = join(import.meta.dirname, '..');

const scratch = mkdtempSync(join(tmpdir(), 'papo-package-'));
try {
  // The page is there as well, and none of this.
  for (const made of ['sdk', 'contract']) rmSync(join(root, 'dist', made), { recursive: true, force: true });
  run('tsc', '-p', 'tsconfig.build.json');
  await checkBundles();
  checkPage();
  const tarball = pack();
  await lint(tarball);
  run('attw', tarball, '--profile', 'esm-only', '--format', 'ascii', '--quiet');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** For browsers, with nothing left outside: an import of Node's, or of a package's, would not be found there. */
async function checkBundles(): Promise<void> {
  const bytes = await bundledBytes('dist/sdk/index.js');
  await bundledBytes('dist/sdk/testing/index.js');
  const browserBytes = await bundledBytes('dist/sdk/browser/index.js');
  say(
    `papo/sdk: ${bytes} bytes gzipped, of ${maxSdkBytes}; papo/sdk/browser: ${browserBytes}, of ${maxBrowserBytes}`,
  );
  if (bytes > maxSdkBytes || browserBytes > maxBrowserBytes) fail('the SDK has grown too large');
}

async function bundledBytes(entry: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    packages: 'bundle',
    write: false,
    metafile: true,
  });
  const foreign = Object.keys(metafile.inputs).filter(file => !file.startsWith('dist/'));
  if (foreign.length > 0) fail(`${entry} has dependencies: ${foreign.slice(0, 3).join(', ')}`);
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

/** The page is built anew, and what its first visit loads is weighed. The service worker comes after that. */
function checkPage(): void {
  run('node', 'tools/page.ts');
  const page = readFileSync(join(root, 'dist/web/index.html'), 'utf8');
  const scripts = [...page.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].map(([, path = '']) => path);
  const bytes = scripts.map(
    path => gzipSync(readFileSync(join(root, 'dist/web', path)), { level: 9 }).length,
  );
  const sum = bytes.reduce((total, size) => total + size, 0);
  say(`the page: ${sum} bytes of JavaScript gzipped, of ${maxPageBytes}`);
  if (scripts.length === 0) fail('the page loads no script');
  if (sum > maxPageBytes) fail('the page has grown too large');
}

/** What would be published. @returns the path of it. */
function pack(): string {
  const [name = ''] = run('npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', scratch)
    .trim()
    .split('\n')
    .slice(-1);
  return join(scratch, name);
}

async function lint(tarball: string): Promise<void> {
  const bytes = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes.buffer } });
  for (const message of messages) say(`publint: ${formatMessage(message, pkg) ?? message.code}`);
  if (messages.length > 0) fail('publint has found something');
}

/** @returns what it printed. Ends the check, with that, if it fails. */
function run(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { cwd: root, encoding: 'utf8', env: environment() });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    say(stdout + stderr);
    return fail(`${command} has failed`);
  }
}

/** The tools of this package come first, also when this is not started by npm. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` };
}

function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

function fail(why: string): never {
  throw new Error(why);
}
