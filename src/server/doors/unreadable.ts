/**
 * Answers to what is no request, or never came to its end. Node has some of its own, without a word and without the headers of
 * every answer.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { OperationError } from '../errors.ts';
import { refusal } from './handshake.ts';

/** By the codes of Node's errors; what isn't here can't be read. Statuses that HTTP has a better one for than the code's. */
const refusals: Record<string, { status: number; error: OperationError }> = {
  HPE_HEADER_OVERFLOW: { status: 431, error: new OperationError('too_large', 'the head of the request') },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, error: new OperationError('too_large', 'a chunk') },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: new OperationError('timeout', 'the request did not arrive in time; nothing of it was performed'),
  },
};
const notHttp = { status: 400, error: new OperationError('bad_request', 'this is not HTTP') };

export function refuseUnreadable(server: Server): void {
  const underWay = new WeakMap<Socket, Set<ServerResponse>>();
  server.on('request', ({ socket }, response) => {
    const responses = underWay.get(socket) ?? new Set();
    underWay.set(socket, responses.add(response));
    response.once('close', () => responses.delete(response));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, connection) => {
    const socket = connection as Socket;
    // In the middle of another answer this one would be taken for a part of it.
    const isAnswering = [...(underWay.get(socket) ?? [])].some(response => response.headersSent);
    if (socket.writable && !isAnswering) {
      const { status, error: told } = refusals[error.code ?? ''] ?? notHttp;
      socket.write(refusal(told, status));
    }
    socket.destroySoon();
  });
}
