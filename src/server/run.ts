/** From the settings to a running server, and to its end. */
import { type Config, ConfigError, readConfig } from './config.ts';
import { createLog, type Logger, standardOutput } from './log.ts';
import { type PapoNode, startNode } from './node.ts';
import { readDotEnv, type Sources, type Values } from './settings/sources.ts';
import { unknownVariables } from './settings/unknown.ts';

/** Of the process: 1 is failed, 2 is used wrongly. */
const exitCodes = { failed: 1, misused: 2 };
/** How long the end waits for whoever reads the log. */
const lastWordsMs = 1_000;

/**
 * @param stop aborted when the server must stop, or not start at all; the error's cause names the signal.
 * @param flags what the command line says, by the names of the environment.
 */
export async function run(stop: AbortSignal, flags: Values): Promise<void> {
  const { config, warnings } = readOrExit(flags);
  const output = standardOutput();
  const log = createLog(config.logLevel, output);
  for (const sentence of warnings) log.warn(sentence);
  const asked = new Promise<void>(resolve => {
    const stopping = () => {
      log.info({ signal: (stop.reason as Error).cause }, 'papo is stopping');
      resolve();
    };
    if (stop.aborted) stopping();
    else stop.addEventListener('abort', stopping, { once: true });
  });
  const exit = async (code: number) => {
    await output.written(lastWordsMs);
    process.exit(code);
  };
  const goneForGood = (error: Error) => {
    log.fatal({ err: error }, 'papo can not go on');
    void exit(exitCodes.failed);
  };
  const node = await start(config, log, goneForGood, stop);
  if (node === undefined) return;
  log.info({ url: node.url, pid: process.pid }, `papo is ready at ${node.url}`);
  // Until it is used, whoever reads this line may become the administrator.
  if (node.claimUrl !== undefined) {
    log.info(
      `Nobody is an administrator yet. Whoever is signed in becomes one, once, with ${node.claimUrl} (what follows the # is the code for POST /administrator); or say: papo user promote NAME`,
    );
  }
  await asked;
  await exit(await end(node, log));
}

/** @returns undefined when it didn't start; the log and the exit code tell why. */
async function start(
  config: Config,
  log: Logger,
  goneForGood: (error: Error) => void,
  stop: AbortSignal,
): Promise<PapoNode | undefined> {
  try {
    stop.throwIfAborted();
    return await startNode(config, log, goneForGood, { signal: stop });
  } catch (error) {
    log.debug({ err: error }, 'the start failed');
    if (stop.aborted) log.info('papo has stopped before it was ready');
    else {
      log.fatal(`papo could not start: ${(error as Error).message}`);
      process.exitCode = exitCodes.failed;
    }
    return undefined;
  }
}

/** @returns the exit code. */
async function end(node: PapoNode, log: Logger): Promise<number> {
  try {
    await node.close();
    log.info('papo has stopped');
    return 0;
  } catch (error) {
    log.error({ err: error }, 'papo did not stop in good order');
    return exitCodes.failed;
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
