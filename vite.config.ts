/** Builds the page, src/web, into dist/web. `npm run dev` serves it while one works on it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { defineConfig, type Plugin } from 'vite';

const root = join(import.meta.dirname, 'src/web');
/** What `npm run dev` passes on to papo, with the `Host` as it came: papo compares it with the `Origin`. */
const operations = ['/register', '/login', '/refresh', '/logout', '/me'];
const papo = { target: process.env['PAPO_URL'] ?? 'http://127.0.0.1:8080', changeOrigin: false };

export default defineConfig({
  root,
  plugins: [listShell()],
  resolve: { conditions: ['papo:source', 'browser', 'module', 'import', 'default'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, 'dist/web'),
    emptyOutDir: true,
    target: 'es2024',
    // The page's policy forbids inline scripts and data addresses: everything is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: join(root, 'index.html'), sw: join(root, 'worker/service-worker.ts') },
      // The address of the service worker has to stay the same for ever; everything else is named by its contents.
      output: { entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  server: {
    proxy: { ...Object.fromEntries(operations.map(path => [path, papo])), '/ws': { ...papo, ws: true } },
  },
});

/** Tells the service worker which files the page is made of, and by that which version it is. */
function listShell(): Plugin {
  return {
    name: 'list-shell',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle['sw.js'];
        if (worker?.type !== 'chunk') return;
        const others = Object.values(bundle).filter(({ fileName }) => fileName !== 'sw.js');
        const copied = readdirSync(join(root, 'public'));
        const files = [...others.map(({ fileName }) => fileName), ...copied].map(name => `/${name}`).sort();
        const hash = createHash('sha256').update(files.join('\n'));
        for (const file of others) hash.update(file.type === 'chunk' ? file.code : file.source);
        for (const name of copied) hash.update(readFileSync(join(root, 'public', name)));
        const version = hash.digest('base64url').slice(0, 12);
        worker.code = worker.code
          .replace(/["'`]%FILES%["'`]/, JSON.stringify(files))
          .replace(/["'`]%VERSION%["'`]/, JSON.stringify(version));
      },
    },
  };
}
