/** One server, built from its config: the only place where the parts meet. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type pg from 'pg';
import { limits } from '../contract/limits.ts';
import type { Config } from './config.ts';
import { trustProxies } from './doors/address.ts';
import { isSocketUpgrade } from './doors/handshake.ts';
import { createHttpDoor } from './doors/http.ts';
import { openMetricsDoor } from './doors/metrics.ts';
import { readPageFiles } from './doors/page-files.ts';
import { Readiness } from './doors/readiness.ts';
import { openSocketDoor, type SocketDoor } from './doors/socket.ts';
import { Hub } from './live/hub.ts';
import { Turn } from './live/turn.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { accountOperations } from './operations/accounts.ts';
import { createAuthenticate } from './operations/authenticate.ts';
import { createDispatch } from './operations/dispatch.ts';
import { messageOperations } from './operations/messages.ts';
import { Passwords } from './operations/passwords.ts';
import { roomOperations } from './operations/rooms.ts';
import { countSignIns } from './operations/sign-ins.ts';
import { syncOperations } from './operations/sync.ts';
import { Throttle } from './operations/throttle.ts';
import { Tokens } from './operations/tokens.ts';
import { Changes } from './store/changes.ts';
import { keptSetting, openPool, readLogName, requireDurability, requireReachable } from './store/database.ts';
import { startEmbedded } from './store/embedded.ts';
import { Logins } from './store/logins.ts';
import { Members } from './store/members.ts';
import { Memberships } from './store/memberships.ts';
import { MessageLog } from './store/message-log.ts';
import { Messages } from './store/messages.ts';
import { migrate } from './store/migrations/migrations.ts';
import { Owner } from './store/owner.ts';
import { RoomDetails } from './store/room-details.ts';
import { Rooms } from './store/rooms.ts';
import { Users } from './store/users.ts';

/** A running server. */
export type PapoNode = {
  /** Where it listens: `http://HOST:PORT`. */
  readonly url: string;
  /** Where its metrics are: `http://HOST:PORT/metrics`; unset: nowhere. */
  readonly metricsUrl: string | undefined;
  /** Serves a connection that came by another way than its own port. */
  accept(connection: Duplex): void;
  /** Disconnects everyone, finishes what is being stored, and stops the database if it is papo's own. */
  close(): Promise<void>;
};

const headersTimeoutMs = 10_000;
const requestTimeoutMs = 15_000;
const maxHeaderBytes = 16 * 1024;
/** A connection on which nothing moves for so long is cut; longer than any operation takes. */
const stillTimeoutMs = 2 * limits.operationTimeoutMs;
/** How long requests and messages on their way may take when the server stops. */
const drainMs = 5_000;
const generatedSecretBytes = 32;
/** What `npm run page` makes of src/web. */
const pageFolder = join(import.meta.dirname, '../../dist/web');

/**
 * @param onFatal called when the server can't go on: its database is gone for good, or another server has taken it.
 * @param signal gives up starting.
 */
export async function startNode(
  config: Config,
  log: Logger,
  onFatal: (error: Error) => void,
  signal?: AbortSignal,
): Promise<PapoNode> {
  await using parts = new AsyncDisposableStack();

  const metrics = new Metrics();
  const metricsUrl = await metricsDoor();
  const connection = await database();
  const db = parts.adopt(openPool(connection, log, metrics), pool => pool.destroy());
  await requireReachable(db, config.databaseUrl ? 'the database (DATABASE_URL)' : 'papo’s own database');
  await requireDurability(db);
  const owner = parts.adopt(new Owner(connection, log, onFatal), held => held.release());
  await owner.claim();
  await migrate(db);
  const readiness = new Readiness(db, log);
  metrics.ready.from(async () => Number(await readiness.isReady()));

  const [rooms, members] = [new Rooms(db), new Members(db)];
  const [users, logins] = [new Users(db), new Logins(db)];
  const [messages, changes] = [new Messages(db), new Changes(db)];
  const logName = await readLogName(db);
  const secret =
    config.secret ??
    (await keptSetting(db, 'token_secret', () => randomBytes(generatedSecretBytes).toString('base64url')));
  const tokens = new Tokens(secret, config.tokenTtlSeconds);
  const defaultRooms = await rooms.ensurePublic(config.defaultRooms);

  const turn = new Turn(metrics);
  const hub = new Hub(rooms, changes, turn, metrics, log);
  const messageLog = parts.adopt(new MessageLog(connection, log, metrics, hub), it => it.close(drainMs));
  const [memberships, details] = [new Memberships(messageLog), new RoomDetails(messageLog)];

  const passwords = new Passwords();
  const authenticate = createAuthenticate({ tokens, logins, hub, log });
  const throttle = config.rateLimits ? new Throttle(scope => metrics.rateLimited.inc({ scope })) : undefined;
  const accounts = {
    hub,
    users,
    logins,
    memberships,
    passwords,
    tokens,
    authenticate,
    throttle,
    defaultRooms,
  };
  const handlers = {
    ...accountOperations(accounts),
    ...roomOperations({ hub, rooms, details, members, users, memberships, messages, changes }),
    ...messageOperations({ log: messageLog, messages, rooms }),
    ...syncOperations({ hub, rooms, messages, logName, metrics }),
  };
  const dispatch = countSignIns(createDispatch(handlers, throttle, log), metrics);

  const { origins } = config;
  const isTrustedProxy = trustProxies(config.trustedProxies);
  const pageFiles = readPageFiles(pageFolder);
  const app = createHttpDoor({
    dispatch,
    authenticate,
    origins,
    isTrustedProxy,
    readiness,
    pageFiles,
    metrics,
    log,
  });
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
      shouldUpgradeCallback: isSocketUpgrade,
    },
    getRequestListener(app.fetch),
  );
  server.setTimeout(stillTimeoutMs);
  const socketDoor = openSocketDoor(server, {
    hub,
    turn,
    dispatch,
    authenticate,
    origins,
    isTrustedProxy,
    maxConnectionsPerUser: config.rateLimits ? limits.maxConnectionsPerUser : undefined,
    logName,
    metrics,
    log,
  });
  parts.defer(() => closeDoors(server, socketDoor));
  const url = await listen(server, config, log);

  const running = parts.move();
  return {
    url,
    metricsUrl,
    accept: connection => void server.emit('connection', connection),
    close: () => {
      // Who sends people here is to know first.
      readiness.drain();
      return running.disposeAsync();
    },
  };

  async function metricsDoor(): Promise<string | undefined> {
    if (config.metricsAddress === undefined) return undefined;
    const door = parts.adopt(await openMetricsDoor(config.metricsAddress, metrics, log), it => it.close());
    log.info({ url: door.url }, `metrics are at ${door.url}`);
    return door.url;
  }

  async function database(): Promise<pg.ClientConfig> {
    if (config.databaseUrl !== undefined) return { connectionString: config.databaseUrl };
    const embedded = await startEmbedded({
      dataDir: config.dataDir,
      log,
      onGaveUp: onFatal,
      ...(signal && { signal }),
    });
    parts.defer(() => embedded.stop());
    return embedded.connection;
  }
}

function listen(server: Server, { host, port }: Config, log: Logger): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', error => log.error({ err: error }, 'the HTTP server reports'));
      const { port: actual } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}

/** No new connections; those there are end, politely if they can in time. */
function closeDoors(server: Server, socketDoor: SocketDoor): Promise<void> {
  return new Promise(resolve => {
    const cut = setTimeout(() => {
      socketDoor.cut();
      server.closeAllConnections();
    }, drainMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    socketDoor.close();
    server.closeIdleConnections();
  });
}
