/**
 * `npm run dev`: papo, and beside it Vite's own server, which shows each change of src/web at once. It passes on to papo
 * what isn't the page's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const papoUrl = `http://127.0.0.1:${process.env['PORT'] ?? 8080}`;

const both = [
  run('--watch-path=src/server', '--watch-path=src/contract', 'src/cli/papo.ts', 'serve'),
  run('node_modules/vite/bin/vite.js', '--clearScreen', 'false'),
];

// Ctrl-C reaches all of them; a signal to this process alone is passed on. Where one ends, the other has nothing to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => endAll(signal));
for (const child of both) {
  child.on('exit', code => {
    process.exitCode ??= code ?? 0;
    endAll('SIGTERM');
  });
}

function run(...args: string[]): ChildProcess {
  const env = { ...process.env, PAPO_URL: papoUrl };
  return spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
}

function endAll(signal: NodeJS.Signals): void {
  for (const child of both) if (child.exitCode === null) child.kill(signal);
}
