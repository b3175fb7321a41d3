/** The page's files over HTTP: what comes at which address, for how long, and with which permissions. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { nowherePage, servePage } from '../src/server/doors/page.ts';
import { type PageFiles, readPageFiles } from '../src/server/doors/page-files.ts';

const scratch = mkdtempSync(join(tmpdir(), 'papo-page-'));
after(() => rmSync(scratch, { recursive: true }));

const script = 'let a = 1;'.repeat(200);
const built = join(scratch, 'web');
mkdirSync(join(built, 'assets'), { recursive: true });
writeFileSync(join(scratch, 'secret.txt'), 'secret');
writeFileSync(join(built, 'index.html'), '<!doctype html><title>papo</title>');
writeFileSync(join(built, 'sw.js'), 'self;');
writeFileSync(join(built, 'manifest.webmanifest'), '{}');
writeFileSync(join(built, 'assets/page-1a2b.js'), script);
writeFileSync(join(built, 'assets/page-1a2b.js.br'), 'as if brotli');
writeFileSync(join(built, 'assets/page-1a2b.js.gz'), gzipSync(script));
writeFileSync(join(built, '.hidden.txt'), 'secret');
writeFileSync(join(built, 'notes.secret'), 'secret');
symlinkSync(join(scratch, 'secret.txt'), join(built, 'link.txt'));

const page = doorOf(readPageFiles(built));

function doorOf(files: PageFiles) {
  const app = new Hono();
  servePage(app, files);
  app.get('/rooms', context => context.json({}));
  app.notFound(context => nowherePage(context) ?? context.json({ code: 'not_found' }, 404));
  return app;
}

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('every address of the page is the same page, asked for anew each time', async () => {
  for (const path of ['/', '/r/01a2078a-7380-77bc-89a5-588fe9335659', '/administrator', '/?from=mail']) {
    const answer = await page.request(path, { headers: html });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    assert.match(await answer.text(), /<title>papo/);
  }
});

test('what has a digest in its name is kept for ever, service worker and manifest are not', async () => {
  const asset = await page.request('/assets/page-1a2b.js');
  assert.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(asset.headers.get('content-type'), 'text/javascript; charset=utf-8');
  for (const [path, type] of [
    ['/sw.js', 'text/javascript; charset=utf-8'],
    ['/manifest.webmanifest', 'application/manifest+json'],
  ] as const) {
    const { status, headers } = await page.request(path);
    assert.deepEqual(
      [status, headers.get('content-type'), headers.get('cache-control')],
      [200, type, 'no-cache'],
    );
  }
});

test('a browser gets the smallest that it takes, each with a tag of its own', async () => {
  const answers = await Promise.all(
    ['gzip, deflate, br, zstd', 'gzip;q=1, br;q=0', 'identity', ''].map(accepted =>
      page.request('/assets/page-1a2b.js', { headers: { 'Accept-Encoding': accepted } }),
    ),
  );
  assert.deepEqual(
    answers.map(({ headers }) => headers.get('content-encoding')),
    ['br', 'gzip', null, null],
  );
  assert.equal(new Set(answers.map(({ headers }) => headers.get('etag'))).size, 3);
  for (const { headers } of answers) assert.equal(headers.get('vary'), 'Accept-Encoding');
  assert.equal(await answers[2]?.text(), script);
});

test('who has it already is told so', async () => {
  const first = await page.request('/');
  const tag = first.headers.get('etag') ?? '';
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
    const again = await page.request('/', { headers: { 'If-None-Match': known } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), '');
    assert.equal(again.headers.get('etag'), tag);
  }
  assert.equal((await page.request('/', { headers: { 'If-None-Match': '"other"' } })).status, 200);
});

test('HEAD is answered like GET, without the contents', async () => {
  const { status, headers, body } = await page.request('/assets/page-1a2b.js', { method: 'HEAD' });
  assert.deepEqual([status, headers.get('content-length'), body], [200, String(script.length), null]);
});

test('[abuse 44b] every answer of the page says what may run on it, and where it may be shown', async () => {
  const unbuilt = doorOf(new Map());
  const answers = [
    await page.request('/'),
    await page.request('/assets/page-1a2b.js'),
    await page.request('/nowhere', { headers: html }),
    await unbuilt.request('/'),
  ];
  for (const { headers } of answers) {
    const policy = (headers.get('content-security-policy') ?? '').split('; ');
    assert.ok(policy.includes("default-src 'none'"));
    assert.ok(policy.includes("frame-ancestors 'none'"));
    assert.ok(policy.includes("base-uri 'none'"));
    assert.ok(policy.includes("require-trusted-types-for 'script'"));
    const sources = policy.flatMap(directive => directive.split(' ').slice(1));
    assert.deepEqual([...new Set(sources)].sort(), ["'none'", "'script'", "'self'", 'papo']);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.match(headers.get('permissions-policy') ?? '', /camera=\(\)/);
  }
});

test('nothing outside the page, nothing hidden and no unknown file is served, however it is asked for', async () => {
  const tries = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/link.txt',
    '/.hidden.txt',
    '/notes.secret',
    '/assets',
    '/assets/',
    '/assets/page-1a2b.js.br',
    '/assets/page-1a2b.js%00.txt',
    '/__proto__',
    '/constructor',
  ];
  for (const path of tries) assert.equal((await page.request(path)).status, 404, path);
});

test('who follows a link to nowhere gets a page, a program a problem', async () => {
  const person = await page.request('/nowhere', { headers: html });
  assert.equal(person.status, 404);
  assert.match(await person.text(), /nothing at this address.*\n.*nada neste endereço/);
  const program = await page.request('/nowhere', { headers: { Accept: 'application/json' } });
  assert.deepEqual([program.status, await program.json()], [404, { code: 'not_found' }]);
  const post = await page.request('/nowhere', { method: 'POST', headers: html });
  assert.deepEqual([post.status, await post.json()], [404, { code: 'not_found' }]);
});

test('where the page was not built, its addresses say what to do', async () => {
  const door = doorOf(readPageFiles(join(scratch, 'nowhere')));
  const answer = await door.request('/', { headers: html });
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /npm run page/);
  assert.equal((await door.request('/rooms')).status, 200);
});
