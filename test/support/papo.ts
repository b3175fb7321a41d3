/** `papo`, the command line, as a process. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

export type Outcome = { code: number; out: string; complaint: string };

const program = resolve(import.meta.dirname, '../../src/cli/papo.ts');

/** In a folder without a file `.env`, unless another one is given; standard input is never a terminal. */
export function papo(
  args: string[],
  environment: Record<string, string> = {},
  cwd = import.meta.dirname,
  input = '',
): Promise<Outcome> {
  const env = environmentOf(environment);
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

/** The same, where whoever reads standard output goes away before anything is said. */
export async function papoUnread(
  args: string[],
  environment: Record<string, string> = {},
): Promise<Omit<Outcome, 'out'>> {
  const child = spawn(process.execPath, [program, ...args], {
    env: environmentOf(environment),
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [[code], complaint] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
  return { code, complaint: complaint.trim() };
}

function environmentOf(environment: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, DATABASE_URL: '', PAPO_DATA_DIR: '/nowhere', ...environment };
}
