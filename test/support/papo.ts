/** `papo`, the command line, as a process. */
import { execFile } from 'node:child_process';

export type Outcome = { code: number; out: string; complaint: string };

/** @param input what comes on its standard input, which is never a terminal. */
export function papo(args: string[], environment: Record<string, string> = {}, input = ''): Promise<Outcome> {
  const env = { ...process.env, DATABASE_URL: '', PAPO_DATA_DIR: '/nowhere', ...environment };
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      ['src/cli/papo.ts', ...args],
      { env },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
        resolve({ code, out: stdout.trim(), complaint: stderr.trim() });
      },
    );
    // It may end before it has read it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
