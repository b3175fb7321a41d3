/** Starts a server from the environment, and stops it on SIGINT, SIGTERM or SIGHUP (a closed terminal). */
import { ConfigError, knownVariables, readConfig } from './config.ts';
import { createLog } from './log.ts';
import { startNode } from './node.ts';
import { unknownVariables } from './unknown-variables.ts';

const config = readConfigOrExit();
const log = createLog(config.logLevel);
for (const sentence of unknownVariables(process.env, knownVariables)) log.warn(sentence);

const givenUp = new AbortController();
const starting = startNode(config, log, goneForGood, givenUp.signal);

// The first signal stops in good order, a second one at once. Ctrl-C under npm may come twice: from the terminal, and
// passed on by npm in the same instant.
const sameSignalMs = 500;
let askedAt: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const now = performance.now();
    if (askedAt !== undefined && now - askedAt > sameSignalMs) process.exit(1);
    if (askedAt !== undefined) return;
    askedAt = now;
    log.info({ signal }, 'papo is stopping');
    givenUp.abort(new Error(`${signal} came first`));
    void stop();
  });
}

try {
  const { url, claimUrl } = await starting;
  log.info({ url, pid: process.pid }, `papo is ready at ${url}`);
  // Until it is used, whoever reads this line may become the administrator.
  if (claimUrl !== undefined) {
    log.info(
      `Nobody is an administrator yet. Whoever is signed in becomes one, once, with ${claimUrl} (what follows the # is the code for POST /administrator); or say: papo user promote NAME`,
    );
  }
} catch (error) {
  log.debug({ err: error }, 'the start failed');
  log.fatal(`papo could not start: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function stop(): Promise<void> {
  try {
    const node = await starting.catch(() => undefined);
    if (node === undefined) return;
    await node.close();
    log.info('papo has stopped');
    process.exit(0);
  } catch (error) {
    log.error({ err: error }, 'papo did not stop in good order');
    process.exit(1);
  }
}

function goneForGood(error: Error): void {
  log.fatal({ err: error }, 'papo can not go on');
  process.exit(1);
}

function readConfigOrExit() {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`papo: ${error.message}\n`);
    process.exit(1);
  }
}
