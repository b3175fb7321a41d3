/** Runs a server, and stops it on SIGINT, SIGTERM or SIGHUP (a closed terminal). */
import { type Config, ConfigError, readConfig } from './config.ts';
import { createLog, standardOutput } from './log.ts';
import { startNode } from './node.ts';
import { readDotEnv, type Sources, type Values } from './settings/sources.ts';
import { unknownVariables } from './settings/unknown.ts';

/** Of the process: 1 is failed, 2 is used wrongly. */
const exitCodes = { failed: 1, misused: 2 };

/** Ctrl-C under npm may come twice: from the terminal, and passed on by npm in the same instant. */
const sameSignalMs = 500;
/** How long the end waits for whoever reads the log. */
const lastWordsMs = 1_000;

if (import.meta.main) await serve();

/** @param flags what the command line says, by the names of the environment. Resolves when the server is ready, or failed. */
export async function serve(flags: Values = {}): Promise<void> {
  const { config, warnings } = readOrExit(flags);
  const output = standardOutput();
  const log = createLog(config.logLevel, output);
  for (const sentence of warnings) log.warn(sentence);

  const givenUp = new AbortController();
  const starting = startNode(config, log, goneForGood, givenUp.signal);

  // The first signal stops in good order, a second one at once.
  let askedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (askedAt !== undefined && now - askedAt > sameSignalMs) process.exit(exitCodes.failed);
      if (askedAt !== undefined) return;
      askedAt = now;
      log.info({ signal }, 'papo is stopping');
      givenUp.abort(new Error(`${signal} came first`));
      void stop();
    });
  }

  try {
    const { url } = await starting;
    log.info({ url, pid: process.pid }, `papo is ready at ${url}`);
  } catch (error) {
    log.debug({ err: error }, 'the start failed');
    log.fatal(`papo could not start: ${(error as Error).message}`);
    process.exitCode = exitCodes.failed;
  }

  async function stop(): Promise<void> {
    try {
      const node = await starting.catch(() => undefined);
      if (node === undefined) return;
      await node.close();
      log.info('papo has stopped');
      await output.written(lastWordsMs);
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'papo did not stop in good order');
      await output.written(lastWordsMs);
      process.exit(exitCodes.failed);
    }
  }

  function goneForGood(error: Error): void {
    log.fatal({ err: error }, 'papo can not go on');
    void output.written(lastWordsMs).then(() => process.exit(exitCodes.failed));
  }
}

function readOrExit(flags: Values): { config: Config; warnings: string[] } {
  try {
    const sources: Sources = { flags, environment: process.env, dotEnv: readDotEnv() };
    return { config: readConfig(sources), warnings: unknownVariables(sources) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`papo: ${error.message}\n`);
    process.exit(exitCodes.misused);
  }
}
