/** The socket door: handshakes in, sessions out. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { closeCodes, protocolVersion } from '../../contract/codes.ts';
import { clientLimits, limits } from '../../contract/limits.ts';
import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import { Session } from '../live/session.ts';
import type { Turn } from '../live/turn.ts';
import type { Logger } from '../log.ts';
import { closeLabel, type Metrics } from '../metrics.ts';
import type { Authenticate } from '../operations/authenticate.ts';
import type { Identity } from '../operations/caller.ts';
import type { Dispatch } from '../operations/dispatch.ts';
import { countedAddress, type IsTrustedProxy } from './address.ts';
import { Conversation } from './conversation.ts';
import { sayFarewell } from './farewell.ts';
import { chooseProtocol, handshakeToken, isSocketRequest, refusal, requireOwnOrigin } from './handshake.ts';
import { SocketWire } from './socket-wire.ts';

type Parts = {
  hub: Hub;
  turn: Turn;
  dispatch: Dispatch;
  authenticate: Authenticate;
  origins: readonly string[];
  isTrustedProxy: IsTrustedProxy;
  /** `undefined`: as many as one likes. */
  maxConnectionsPerUser: number | undefined;
  /** Called with each connection that has become a socket. */
  onAdmitted: (connection: Duplex) => void;
  logName: string;
  metrics: Metrics;
  log: Logger;
};

/** How long a peer may take to answer a close before its socket is cut. */
const closeTimeoutMs = 3_000;
/** Fragments of one message; ours are small, so that nobody needs many. */
const maxFragments = 1_024;

/** How long a client is told to wait that comes while the server stops. */
const comeBackMs = 1_000;

export type SocketDoor = {
  /** Admits nobody from here on, and sends everyone away in turn; done when they are gone. */
  drain(): Promise<void>;
  /** Ends at once whatever is still open. */
  cut(): void;
};

/** Opens the door on a HTTP server. */
export function openSocketDoor(server: Server, parts: Parts): SocketDoor {
  const { hub, turn, authenticate, origins, isTrustedProxy, logName, metrics, log } = parts;
  const { maxConnectionsPerUser = Number.POSITIVE_INFINITY, onAdmitted } = parts;
  // closeTimeout is newer than the types of ws.
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxFrameBytes,
    maxFragments,
    closeTimeout: closeTimeoutMs,
    handleProtocols: chooseProtocol,
  };
  const sockets = new WebSocketServer(options);
  const open = new Set<Duplex>();
  let isClosing = false;

  server.on('upgrade', (request, socket, head) => {
    open.add(socket);
    socket.on('close', forget);
    socket.on('error', noteError);
    admit(request, socket, head).catch(error => refuse(socket, error));
  });

  return {
    async drain() {
      isClosing = true;
      const gone = [...open].map(socket => new Promise(resolve => socket.once('close', resolve)));
      await sayFarewell([...hub.sessions()]);
      await Promise.all(gone);
    },
    cut() {
      for (const socket of open) socket.destroy();
    },
  };

  function forget(this: Duplex): void {
    open.delete(this);
  }

  function noteError(error: Error): void {
    log.debug({ err: error }, 'a socket broke');
  }

  async function admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (!isSocketRequest(request)) throw new OperationError('not_found', 'no such address');
    requireOwnOrigin(request, origins, isTrustedProxy);
    const identity = await authenticate(handshakeToken(request));
    if (isClosing) throw new OperationError('unavailable', 'the server is stopping', comeBackMs);
    const address = countedAddress(request, isTrustedProxy);
    // What a connection refers to lasts as long as it does: the request, with its headers and the token, must not.
    sockets.handleUpgrade(request, socket, head, webSocket => converse(webSocket, socket, identity, address));
  }

  function converse(
    webSocket: WebSocket,
    socket: Duplex,
    { user, login, expiresAt }: Identity,
    address: string,
  ): void {
    webSocket.on('error', error => log.debug({ err: error, userId: user.id }, 'a socket broke'));
    if (hub.connectionsOf(user.id) >= maxConnectionsPerUser) {
      webSocket.close(closeCodes.tooManyConnections, 'too many connections');
      metrics.connects.inc({ result: 'too_many_connections' });
      return;
    }
    onAdmitted(socket);
    const session = new Session(uuidv7(), user, login, new SocketWire(webSocket, socket), turn, metrics);
    session.say({
      event: 'hello',
      protocol: protocolVersion,
      log: logName,
      connection: session.id,
      user,
      expiresAt: expiresAt.toISOString(),
      heartbeatMs: limits.heartbeatMs,
      limits: clientLimits,
    });
    hub.connect(session);
    metrics.connects.inc({ result: 'ok' });
    const conversation = new Conversation(webSocket, session, { address, expiresAt }, parts);
    socket.on('drain', () => conversation.proceed());
    webSocket.on('close', code => {
      conversation.end();
      hub.disconnect(session);
      metrics.disconnects.inc({ code: closeLabel(code) });
      log.debug({ connection: session.id, userId: session.user.id, code }, 'disconnected');
    });
    log.debug({ connection: session.id, userId: session.user.id }, 'connected');
  }

  function refuse(socket: Duplex, error: unknown): void {
    if (!(error instanceof OperationError)) log.error({ err: error }, 'a handshake failed');
    const told = error instanceof OperationError ? error : new OperationError('internal');
    metrics.connects.inc({ result: told.code });
    socket.end(refusal(told));
    // A peer that keeps its own end open must not keep ours.
    socket.resume();
    const cut = setTimeout(() => socket.destroy(), closeTimeoutMs);
    socket.once('close', () => clearTimeout(cut));
  }
}
