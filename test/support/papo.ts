/** `papo`, the command line, as a process. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export type Outcome = { code: number; out: string; complaint: string };

const program = resolve(import.meta.dirname, '../../src/cli/papo.ts');

/** In a folder without a file `.env`, unless another one is given; standard input is never a terminal. */
export function papo(
  args: string[],
  environment: Record<string, string> = {},
  cwd = import.meta.dirname,
  input = '',
): Promise<Outcome> {
  const env = { ...process.env, DATABASE_URL: '', PAPO_DATA_DIR: '/nowhere', ...environment };
  return new Promise(done => {
    const child = execFile(process.execPath, [program, ...args], { env, cwd }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      done({ code, out: stdout.trim(), complaint: stderr.trim() });
    });
    // It may end before it has read it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
