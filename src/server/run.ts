/** From the environment to a running server, and to its end. */
import { type Config, ConfigError, knownVariables, readConfig } from './config.ts';
import { createLog, type Logger } from './log.ts';
import { type PapoNode, startNode } from './node.ts';
import { unknownVariables } from './unknown-variables.ts';

/** @param stop aborted when the server must stop, or not start at all; the error's cause names the signal. */
export async function run(stop: AbortSignal): Promise<void> {
  const config = readConfigOrExit();
  const log = createLog(config.logLevel);
  for (const sentence of unknownVariables(process.env, knownVariables)) log.warn(sentence);
  const asked = new Promise<void>(resolve => {
    const stopping = () => {
      log.info({ signal: (stop.reason as Error).cause }, 'papo is stopping');
      resolve();
    };
    if (stop.aborted) stopping();
    else stop.addEventListener('abort', stopping, { once: true });
  });
  const node = await start(config, log, stop);
  if (node === undefined) return;
  log.info({ url: node.url, pid: process.pid }, `papo is ready at ${node.url}`);
  await asked;
  await end(node, log);
}

/** @returns undefined when it didn't start; the log and the exit code tell why. */
async function start(config: Config, log: Logger, stop: AbortSignal): Promise<PapoNode | undefined> {
  const goneForGood = (error: Error) => {
    log.fatal({ err: error }, 'papo can not go on');
    process.exit(1);
  };
  try {
    stop.throwIfAborted();
    return await startNode(config, log, goneForGood, { signal: stop });
  } catch (error) {
    log.debug({ err: error }, 'the start failed');
    if (stop.aborted) log.info('papo has stopped before it was ready');
    else {
      log.fatal(`papo could not start: ${(error as Error).message}`);
      process.exitCode = 1;
    }
    return undefined;
  }
}

async function end(node: PapoNode, log: Logger): Promise<void> {
  try {
    await node.close();
    log.info('papo has stopped');
    process.exit(0);
  } catch (error) {
    log.error({ err: error }, 'papo did not stop in good order');
    process.exit(1);
  }
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`papo: ${error.message}\n`);
    process.exit(1);
  }
}
