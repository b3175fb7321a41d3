/**
 * Answers to what is no request, or never came to its end. Node has some of its own, without a word and without the headers of
 * every answer.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { refusal } from './handshake.ts';
import { lastProblemResponse } from './problem.ts';

/** By the codes of Node's errors; what isn't here can't be read. Statuses that HTTP has a better one for than the code's. */
const refusals: Record<string, { status: number; error: OperationError }> = {
  HPE_HEADER_OVERFLOW: { status: 431, error: new OperationError('too_large', 'the head of the request') },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, error: new OperationError('too_large', 'a chunk') },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: new OperationError('timeout', 'the request did not arrive in time; nothing of it was performed'),
  },
};
const unmet = new OperationError('bad_request', 'Expect: 100-continue is all that can be expected');
const nowhere = new OperationError('bad_request', 'Host and path make no address');
const notHttp = { status: 400, error: new OperationError('bad_request', 'this is not HTTP') };

export function refuseUnreadable(server: Server): void {
  const underWay = new WeakMap<Duplex, Set<ServerResponse>>();
  server.on('request', ({ socket }, response) => {
    const responses = underWay.get(socket) ?? new Set();
    underWay.set(socket, responses.add(response));
    response.once('close', () => responses.delete(response));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // In the middle of another answer this one would be taken for a part of it; before it, for the answer to a request that
    // came whole and may yet be performed.
    const isAnswering = [...(underWay.get(socket) ?? [])].some(
      ({ req, headersSent }) => req.complete || headersSent,
    );
    const { status, error: told } = refusals[error.code ?? ''] ?? notHttp;
    const answer = socket.writable && !isAnswering ? refusal(told, status) : undefined;
    socket.end(answer, () => socket.destroy());
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    const { status, headers, body } = lastProblemResponse(unmet, 417);
    response.writeHead(status, headers).end(body);
  });
}

/** Answers a request of which no URL can be made, and so no route; whatever else goes wrong there is our fault. */
export function refuseNowhere(log: Logger): (error: unknown) => Response {
  return error => {
    const isNowhere = error instanceof RequestError;
    if (!isNowhere) log.error({ err: error }, 'a request failed');
    const { status, headers, body } = lastProblemResponse(
      isNowhere ? nowhere : new OperationError('internal'),
    );
    return new Response(body, { status, headers });
  };
}
