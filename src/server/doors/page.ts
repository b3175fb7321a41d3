/** The page that people chat with, and what a browser may do on it. */
import type { Context, Env, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { guardingHeaders } from './headers.ts';
import type { Encoding, PageFile, PageFiles } from './page-files.ts';

/** One page for all of them: what it shows at which is its own business. */
const pageRoutes = ['/', '/r/:room', '/administrator'];

/**
 * Nothing but the page's own files runs, is loaded or is shown, and it talks to nobody but this server ('self' in
 * `connect-src` is its WebSocket, too). What somebody writes can't become a script even where the page has a flaw.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // Of that name the page may make one, to register its service worker.
  'trusted-types papo',
].join('; ');

/** Those of every answer, but that a page may run. */
const headers = {
  ...guardingHeaders,
  'Content-Security-Policy': contentSecurityPolicy,
  'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
};

const forEver = 'public, max-age=31536000, immutable';
const askEachTime = 'no-cache';

const notBuilt = `The page has not been built. Run "npm run page", and start papo again.

The server is up all the same: what programs ask is answered, as README.md says.
`;

const nothingHere = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>papo: 404</title>
<p>There is nothing at this address. <a href="/">To the chat</a>
<p lang="pt-BR">Não há nada neste endereço. <a href="/">Ir para o chat</a>
</html>
`;

/** Answers for the page's addresses. They are no operation's: to be called before the operations' routes. */
export function servePage<Environment extends Env>(app: Hono<Environment>, files: PageFiles): void {
  for (const route of pageRoutes) {
    app.get(route, context => {
      const index = files.get('/index.html');
      if (index !== undefined) return fileAnswer(context, index);
      return context.body(notBuilt, 503, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' });
    });
  }
  for (const [path, file] of files) app.get(path, context => fileAnswer(context, file));
}

/** For people who have followed a link to nowhere; undefined for programs. */
export function nowherePage(context: Context): Response | undefined {
  const { method } = context.req;
  const isNavigation = /\btext\/html\b/.test(context.req.header('Accept') ?? '');
  if (!isNavigation || (method !== 'GET' && method !== 'HEAD')) return undefined;
  return context.html(nothingHere, 404, { ...headers, 'Cache-Control': askEachTime });
}

function fileAnswer(context: Context, file: PageFile): Response {
  const encoding = encodingFor(context, file);
  const bytes = (encoding && file.encoded[encoding]) ?? file.bytes;
  const tag = `"${file.digest}${encoding === undefined ? '' : `-${encoding}`}"`;
  const fields = {
    ...headers,
    'Cache-Control': file.isImmutable ? forEver : askEachTime,
    ETag: tag,
    Vary: 'Accept-Encoding',
  };
  const known = (context.req.header('If-None-Match') ?? '')
    .split(',')
    .map(each => each.trim().replace(/^W\//, ''));
  if (known.includes(tag)) return context.body(null, 304, fields);
  return context.body(bytes, 200, {
    ...fields,
    'Content-Type': file.type,
    'Content-Length': String(bytes.byteLength),
    ...(encoding !== undefined && { 'Content-Encoding': encoding }),
  });
}

/** The smallest that the browser takes and the build has made. */
function encodingFor(context: Context, { encoded }: PageFile): Encoding | undefined {
  const best = accepts(context, {
    header: 'Accept-Encoding',
    supports: Object.keys(encoded),
    default: '',
    // Browsers take both alike, and name gzip first.
    match: accepted =>
      (['br', 'gzip'] as const).find(
        encoding => encoded[encoding] && accepted.some(({ type, q }) => type === encoding && q > 0),
      ) ?? '',
  });
  return best === 'br' || best === 'gzip' ? best : undefined;
}
