/** Ports for what has to be told where to listen, or listens there again. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems hand out (Linux from 32,768, others from 49,152): nobody gets one of these by chance. */
const firstPort = 20_000;
const portCount = 12_000;
const maxTries = 20;

/** @returns a port of 127.0.0.1 where nobody listens, now or while a server is started again. */
export async function ownPort(): Promise<number> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    const server = createServer();
    const isFree = await once(server.listen(port, '127.0.0.1'), 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await once(server.close(), 'close');
    return port;
  }
  throw new Error(`No free port in ${maxTries} tries`);
}
