/**
 * For `node --test-global-setup`: the page as it is now, a browser, and one PostgreSQL for all test files, from before the first
 * to after the last.
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { unpackBrowser } from './browser.ts';
import type { EmbeddedProcess } from './embedded-process.ts';
import { connectionVariable, startPostgres } from './postgres.ts';

let postgres: EmbeddedProcess | undefined;
let removeBrowser: (() => Promise<void>) | undefined;

/** The test files' processes inherit the environment. */
export async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, ['tools/page.ts', '--if-stale', '--or-fail'], { stdio: 'inherit' });
  removeBrowser = await unpackBrowser();
  const { connection, process: started } = await startPostgres();
  postgres = started;
  process.env[connectionVariable] = JSON.stringify(connection);
}

/** When the run is killed instead, PostgreSQL's process sees that and ends by itself. */
export async function globalTeardown(): Promise<void> {
  await postgres?.end();
  await removeBrowser?.();
}
