/** One server, built from its config: the only place where the parts meet. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import type pg from 'pg';
import { limits, type RateName } from '../contract/limits.ts';
import type { Config } from './config.ts';
import { trustProxies } from './doors/address.ts';
import { Connections } from './doors/connections.ts';
import { isSocketUpgrade } from './doors/handshake.ts';
import { createHttpDoor } from './doors/http.ts';
import { openMetricsDoor } from './doors/metrics.ts';
import { readPageFiles } from './doors/page-files.ts';
import { type Patience, usualPatience } from './doors/patience.ts';
import { Readiness } from './doors/readiness.ts';
import { openSocketDoor, type SocketDoor } from './doors/socket.ts';
import { refuseNowhere, refuseUnreadable } from './doors/unreadable.ts';
import { Hub } from './live/hub.ts';
import { LoginWatch } from './live/login-watch.ts';
import { Turn } from './live/turn.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics.ts';
import { accountOperations } from './operations/accounts.ts';
import { administrationOperations } from './operations/administration.ts';
import { appointAdministrator } from './operations/appoint.ts';
import { createAuthenticate } from './operations/authenticate.ts';
import { Claim } from './operations/claim.ts';
import { createDispatch } from './operations/dispatch.ts';
import { messageOperations } from './operations/messages.ts';
import { Passwords } from './operations/passwords.ts';
import { roomOperations } from './operations/rooms.ts';
import { countSignIns } from './operations/sign-ins.ts';
import { syncOperations } from './operations/sync.ts';
import { Throttle } from './operations/throttle.ts';
import { Tokens } from './operations/tokens.ts';
import { Administration } from './store/administration.ts';
import { Changes } from './store/changes.ts';
import { keptSetting, openPool, readLogName, requireDurability, requireReachable } from './store/database.ts';
import { startEmbedded } from './store/embedded.ts';
import { EndedLogins } from './store/ended-logins.ts';
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
  /** Where whoever is signed in may become the first administrator, once; unset: there is one. It is a secret. */
  readonly claimUrl: string | undefined;
  /** Serves a connection that came by another way than its own port. */
  accept(connection: Duplex): void;
  /** Sends everyone away, finishes what is being stored, and stops the database if it is papo's own. */
  close(): Promise<void>;
};

export type NodeOptions = {
  /** Gives up starting. */
  signal?: AbortSignal;
  patience?: Patience;
  /** The clock that rates go by: milliseconds, never going back. */
  now?: () => number;
};

const maxHeaderBytes = 16 * 1024;
/** A stop takes no longer than ten seconds, and its database's, if that is papo's own. From the beginning of the stop: */
const stopLimits = {
  /** who is connected then is cut off; */
  socketsMs: 6_000,
  /** so is who waits for the answer to a request. */
  requestsMs: 7_000,
  /** After that, for what is being stored, */
  storingMs: 2_000,
  /** and for the goodbye to the database, of each that asks it: it may hang, or be out of reach. */
  goodbyeMs: 300,
} as const;
const generatedSecretBytes = 32;
/** What `npm run page` makes of src/web. */
const pageFolder = join(import.meta.dirname, '../../dist/web');

/**
 * @param onFatal called when the server can't go on: its database is gone for good, or another server has taken it.
 */
export async function startNode(
  config: Config,
  log: Logger,
  onFatal: (error: Error) => void,
  { signal, patience = usualPatience, now = () => performance.now() }: NodeOptions = {},
): Promise<PapoNode> {
  await using parts = new AsyncDisposableStack();

  const metrics = new Metrics();
  const metricsUrl = await metricsDoor();
  const connection = await database();
  const db = parts.adopt(openPool(connection, log, metrics), pool => goodbye(pool.destroy()));
  await requireReachable(db, config.databaseUrl ? 'the database (DATABASE_URL)' : 'papo’s own database');
  await requireDurability(db);
  const owner = parts.adopt(new Owner(connection, log, onFatal), held => goodbye(held.release()));
  await owner.claim();
  await migrate(db);
  const readiness = new Readiness(db, log);
  metrics.ready.from(async () => Number(await readiness.isReady()));

  const [rooms, members] = [new Rooms(db), new Members(db)];
  const [users, logins, administration] = [new Users(db), new Logins(db), new Administration(db)];
  const [messages, changes] = [new Messages(db), new Changes(db)];
  const logName = await readLogName(db);
  const secret =
    config.secret ??
    (await keptSetting(db, 'token_secret', () => randomBytes(generatedSecretBytes).toString('base64url')));
  const tokens = new Tokens(secret, config.tokenTtlSeconds);
  const defaultRooms = await rooms.ensurePublic(config.defaultRooms);

  const turn = new Turn(metrics);
  const hub = new Hub(rooms, changes, turn, metrics, log);
  const messageLog = parts.adopt(new MessageLog(connection, log, metrics, hub), it =>
    it.close(stopLimits.storingMs),
  );
  const [memberships, details] = [new Memberships(messageLog), new RoomDetails(messageLog)];

  const watch = parts.adopt(new LoginWatch(new EndedLogins(db), hub, log), it => goodbye(it.stop()));
  watch.start();

  const passwords = new Passwords();
  await appointAdministrator(config.administrator, { users, administration, passwords, log });
  const claim = new Claim(administration);
  const claimCode = await claim.open();
  const authenticate = createAuthenticate({ tokens, logins, hub, log });
  const countOver = (scope: RateName) => metrics.rateLimited.inc({ scope });
  const throttle = config.rateLimits ? new Throttle(countOver, now) : undefined;
  const accounts = {
    hub,
    users,
    administration,
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
    ...administrationOperations({ hub, administration, claim }),
    ...roomOperations({ hub, rooms, details, members, users, memberships, messages, changes }),
    ...messageOperations({ log: messageLog, messages, rooms }),
    ...syncOperations({ hub, rooms, messages, logName, metrics }),
  };
  const dispatch = countSignIns(createDispatch({ handlers, administration, throttle, log }), metrics);

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
    patience,
    metrics,
    log,
  });
  const server = createServer(
    {
      headersTimeout: patience.headMs,
      requestTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.checkMs,
      maxHeaderSize: maxHeaderBytes,
      // Node's own answer says nothing: a request without one is refused below.
      requireHostHeader: false,
      shouldUpgradeCallback: isSocketUpgrade,
    },
    getRequestListener(app.fetch, { errorHandler: refuseNowhere(log) }),
  );
  server.setTimeout(patience.stillMs);
  refuseUnreadable(server);
  const connections = config.rateLimits
    ? new Connections(limits.maxHttpConnectionsPerAddress, isTrustedProxy, () =>
        metrics.rateLimited.inc({ scope: 'httpConnections' }),
      )
    : undefined;
  server.on('connection', connection => connections?.came(connection));
  const socketDoor = openSocketDoor(server, {
    hub,
    turn,
    dispatch,
    authenticate,
    origins,
    isTrustedProxy,
    maxConnectionsPerUser: config.rateLimits ? limits.maxConnectionsPerUser : undefined,
    onAdmitted: connection => connections?.leftHttp(connection),
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
    claimUrl: claimCode && `${url}/administrator#${claimCode}`,
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

/** Whoever doesn't answer any more is not waited for; its connections end with the process. */
async function goodbye(said: Promise<void>): Promise<void> {
  await Promise.race([said, delay(stopLimits.goodbyeMs, undefined, { ref: false })]);
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

/**
 * Sockets first. HTTP is answered meanwhile, also to who comes anew: a proxy is to see that this server isn't ready, rather
 * than that nobody is there.
 */
async function closeDoors(server: Server, socketDoor: SocketDoor): Promise<void> {
  const cuts = [
    setTimeout(() => socketDoor.cut(), stopLimits.socketsMs),
    setTimeout(() => {
      socketDoor.cut();
      server.closeAllConnections();
    }, stopLimits.requestsMs),
  ];
  await socketDoor.drain();
  await new Promise<void>(resolve => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  for (const cut of cuts) clearTimeout(cut);
}
