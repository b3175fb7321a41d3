/** The door for Prometheus, at an address of its own: what is measured is nobody's business outside. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';

export type MetricsDoor = {
  /** Where the metrics are: `http://HOST:PORT/metrics`. */
  readonly url: string;
  close(): Promise<void>;
};

/** Nobody but Prometheus has business here; whoever else finds the door neither fills it nor keeps it open. */
export const metricsDoorLimits = {
  maxConnections: 20,
  headMs: 5_000,
  requestMs: 5_000,
  checkMs: 1_000,
  /** For anything to move on a connection. */
  stillMs: 30_000,
} as const;

/** @throws Error that names the setting, when nobody can listen there. */
export function openMetricsDoor(
  { host, port }: Address,
  metrics: Metrics,
  log: Logger,
): Promise<MetricsDoor> {
  const { maxConnections, headMs, requestMs, checkMs, stillMs } = metricsDoorLimits;
  const times = { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: checkMs };
  const server = createServer(times, (request, response) => {
    const path = request.url?.split('?')[0];
    const isAsked = path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    if (!isAsked) {
      response.writeHead(path === '/metrics' ? 405 : 404).end();
      return;
    }
    answer(response).catch(error => {
      log.error({ err: error }, 'the metrics could not be read');
      response.writeHead(500).end();
    });
  });
  server.maxConnections = maxConnections;
  server.setTimeout(stillMs);

  async function answer(response: ServerResponse): Promise<void> {
    const { text, contentType } = await metrics.page();
    response.writeHead(200, { 'Content-Type': contentType }).end(text);
  }

  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
      reject(new Error(`PAPO_METRICS_ADDR: can not listen at ${host}:${port}: ${reason}`));
    });
    server.listen(port, host, () => {
      const { port: actual } = server.address() as AddressInfo;
      metrics.watchProcess();
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`,
        close: () =>
          new Promise(closed => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
