/**
 * A server under attack. Whatever a test does to it, afterwards it must be unharmed: it answers, it has said no 5xx, a
 * bystander's live socket still gets everything once and in order, and everything it acknowledged is stored.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, afterEach, before } from 'node:test';
import pg from 'pg';
import { type ErrorCode, errorCodes } from '../../src/contract/codes.ts';
import type { Grant, Message, Room } from '../../src/contract/objects.ts';
import type { NodeOptions } from '../../src/server/node.ts';
import { type Handshake, RawConnection, type RawResponse, RawSocket, responsesIn } from './abuse-wire.ts';
import { readMetrics } from './metrics-page.ts';
import { type Response, request, TestSocket } from './people.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';
import { noteSecrets, requireDiscreet, secrets } from './secrets.ts';
import { type ServerProcess, spawnServer, startServer } from './server.ts';
import { eventually, within } from './waiting.ts';

export type Person = Grant & { password: string };

/** 256 bits, so that tests can sign tokens of their own. */
export const signingSecret = randomBytes(32).toString('base64url');

const errorLevel = 50;

type Running = {
  url: string;
  /** Its log so far. */
  log: readonly string[];
  metricsUrl: string | undefined;
  stop(): Promise<{ code: number | null; log: readonly string[] }>;
  /** For when it doesn't stop. */
  kill(): void;
};

/** Where the server runs: its own process with its log at level trace, or this one, so that it shares our prototypes. */
type Place = 'its own process' | 'this process';

/**
 * The server of a test file: started before its first test, held to the above after each, and stopped after the last.
 * The returned object is ready once the tests run.
 */
export function attackedServer(
  environment: Record<string, string> = {},
  place: Place = 'its own process',
  /** Of a server in this process. */
  options: NodeOptions = {},
) {
  const server = new AttackedServer();
  before(() => server.start(environment, place, options));
  afterEach(() => server.requireUnharmed());
  after(() => server.discard());
  return server;
}

export class AttackedServer {
  /** What must never be in a log. */
  readonly secrets = secrets.add(signingSecret);
  /** The id of the room that everyone is in. */
  general = '';
  #running: Running | undefined;
  #database: TestDatabase | undefined;
  #neighbour: Person | undefined;
  #bystander: TestSocket | undefined;
  readonly #acknowledged: { room: string; message: Message }[] = [];
  readonly #sockets: RawSocket[] = [];
  readonly #serverErrors: string[] = [];

  async start(environment: Record<string, string>, place: Place, options: NodeOptions): Promise<void> {
    this.#database = await createDatabase();
    const settings = {
      DATABASE_URL: this.#database.url,
      PAPO_SECRET: signingSecret,
      PAPO_LOG_LEVEL: 'trace',
      PAPO_RATE_LIMITS: 'off',
      ...environment,
    };
    this.#running =
      place === 'its own process'
        ? asProcess(await spawnServer(settings))
        : await inThisProcess(settings, options);
    this.#neighbour = await this.register();
    this.#bystander = await TestSocket.live(this.url, (await this.register()).token);
    const { body } = await this.get<{ rooms: Room[] }>('/rooms', this.#neighbour);
    this.general = body.rooms[0]?.id ?? '';
  }

  get url(): string {
    return present(this.#running).url;
  }

  /** What it has measured; to be asked for by `PAPO_METRICS_ADDR`. */
  metrics(): Promise<Map<string, number>> {
    return readMetrics(present(present(this.#running).metricsUrl));
  }

  /** The lines of a person who only watches `general`. */
  get bystander(): TestSocket {
    return present(this.#bystander);
  }

  /** Registers someone with a password that nobody else has. */
  async register(username = newName(), password = this.newPassword()): Promise<Person> {
    const { status, body } = await this.post<Grant>('/register', { username, password });
    assert.equal(status, 201, `registering ${username}: ${JSON.stringify(body)}`);
    return { ...body, password };
  }

  /** The code of its log, with which somebody becomes the first administrator. */
  claimCode(): Promise<string> {
    const { log } = present(this.#running);
    return eventually('the log tells how to become an administrator', () =>
      log.map(line => /\/administrator#([\w-]+)/.exec(line)?.[1]).find(code => code !== undefined),
    );
  }

  /** A password that nobody has. */
  newPassword(length = 27): string {
    const password = randomBytes(length).toString('hex').slice(0, length);
    noteSecrets({ password });
    return password;
  }

  /** The body of a registration, or a login, of this person. */
  credentials(username = newName()): string {
    return JSON.stringify({ username, password: this.newPassword() });
  }

  get<Body>(path: string, person?: { token: string }): Promise<Response<Body>> {
    return this.request<Body>('GET', path, { ...(person && { token: person.token }) });
  }

  post<Body>(path: string, body: unknown, person?: { token: string }): Promise<Response<Body>> {
    return this.request<Body>('POST', path, { body, ...(person && { token: person.token }) });
  }

  async request<Body>(
    method: string,
    path: string,
    options: { token?: string; body?: unknown } = {},
  ): Promise<Response<Body>> {
    const response = await request<Body>(this.url, method, path, options);
    this.#note(`${method} ${path}`, response.status);
    return response;
  }

  /** Sends over HTTP, and remembers what was acknowledged. */
  async send(room: string, text: string, person: { token: string }, id: string = randomUUID()) {
    const response = await this.post<{ message: Message }>(`/rooms/${room}/messages`, { id, text }, person);
    if (response.status === 201) this.acknowledged(room, response.body.message);
    return response;
  }

  /** To be held against what is stored, after every test from now on. */
  acknowledged(room: string, message: Message): void {
    this.#acknowledged.push({ room, message });
  }

  /** Bytes on a connection of their own, in one packet; every response, up to the end of the connection. */
  async exchange(...parts: readonly (string | Buffer)[]): Promise<RawResponse[]> {
    const connection = new RawConnection(this.url);
    connection.write(...parts);
    const responses = responsesIn(await connection.rest());
    for (const { status } of responses) this.#note(String(parts[0]).slice(0, 200), status);
    return responses;
  }

  /** A body as it is, whatever it is; the one response to it. */
  async postBytes(
    path: string,
    body: string | Buffer,
    headers: readonly string[] = [json],
  ): Promise<RawResponse> {
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    const [response, ...more] = await this.exchange(this.head('POST', path, [...headers, length]), body);
    assert.deepEqual(more, []);
    return present(response);
  }

  /** The head of a request after whose response the server ends the connection. */
  head(method: string, path: string, headers: readonly string[] = []): string {
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${new URL(this.url).host}`, 'Connection: close'];
    return [...lines, ...headers, '', ''].join('\r\n');
  }

  /** A handshake that may be refused. */
  async handshake(options: Handshake): Promise<RawSocket> {
    const socket = await RawSocket.ask(this.url, options);
    this.#note('a handshake', socket.response.status);
    this.#sockets.push(socket);
    return socket;
  }

  /** A handshake that must be refused; its response. */
  async refusal(options: Handshake): Promise<RawResponse> {
    const { response, connection } = await this.handshake(options);
    connection.socket.destroy();
    assert.notEqual(response.status, 101);
    return response;
  }

  /** A greeted socket. */
  async connect(person: { token: string }, options: Handshake = {}): Promise<RawSocket> {
    const headers = [...(options.headers ?? []), ['Authorization', `Bearer ${person.token}`] as const];
    const socket = await this.handshake({ ...options, headers });
    assert.equal(socket.response.status, 101);
    return socket.greeted();
  }

  /** Reads the database behind the server's back. */
  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client(present(this.#database).connection);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Holds what a statement locks, behind the server's back, until it is released. */
  async lock(statement: string, values: unknown[]): Promise<{ release(): Promise<void> }> {
    const client = new pg.Client(present(this.#database).connection);
    await client.connect();
    await client.query('begin');
    await client.query(statement, values);
    return { release: () => client.end() };
  }

  async requireUnharmed(): Promise<void> {
    // Stopped by the last test of its file.
    if (this.#running === undefined) return;
    const text = `still there? ${randomUUID()}`;
    const { status } = await this.send(this.general, text, present(this.#neighbour));
    assert.equal(status, 201);
    await this.bystander.until(() => this.bystander.texts(this.general).includes(text), 'the bystander');
    await this.bystander.call('ping', {});
    this.#requireEachChangeOnce();
    await this.#requireStored();
    this.#noteSocketErrors();
    assert.deepEqual(this.#serverErrors.splice(0), []);
  }

  /** Stops in good order. @returns everything that it has logged. */
  async stop(): Promise<readonly string[]> {
    const running = present(this.#running);
    this.#running = undefined;
    try {
      const { code, log } = await within('the server stops', running.stop());
      assert.equal(code, 0);
      return log;
    } finally {
      running.kill();
    }
  }

  /** Stops, and looks through all that was logged: it was much, it speaks of no failure, and it tells no secret. */
  async requireDiscreetLog(): Promise<void> {
    const log = await this.stop();
    const lines = log.map(line => JSON.parse(line) as { level: number; path?: string });
    assert.ok(lines.some(({ path }) => path === '/register'));
    assert.deepEqual(
      lines.filter(({ level }) => level >= errorLevel),
      [],
    );
    requireDiscreet(log);
  }

  async discard(): Promise<void> {
    if (this.#running !== undefined) await this.stop();
    await this.#database?.drop();
  }

  /** The bystander's versions of `general` follow on each other: no change is missing, and none came twice. */
  #requireEachChangeOnce(): void {
    const changes = this.bystander.changes(this.general);
    for (const [at, change] of changes.entries()) {
      const previous = changes[at - 1];
      if (previous) assert.equal(change.from, previous.version + 1);
    }
  }

  async #requireStored(): Promise<void> {
    const rooms = [...new Set(this.#acknowledged.map(({ room }) => room))];
    const rows = await this.query<{ room: string; seq: string; id: string; text: string }>(
      'select room_id as room, seq, id, text from messages where room_id = any ($1)',
      [rooms],
    );
    const stored = new Map(rows.map(({ room, seq, id, text }) => [`${room} ${seq}`, { id, text }]));
    for (const { room, message } of this.#acknowledged) {
      const { seq, id, text } = message;
      assert.deepEqual(stored.get(`${room} ${seq}`), { id, text });
    }
  }

  /** Looks at what was said on this test's sockets, and goes away from them. */
  #noteSocketErrors(): void {
    for (const socket of this.#sockets.splice(0)) {
      for (const { error } of socket.texts) {
        if (error) this.#note(`on a socket: ${error.message}`, errorCodes[error.code as ErrorCode].status);
      }
      socket.cut();
    }
  }

  #note(what: string, status: number): void {
    if (status >= 500) this.#serverErrors.push(`${what}: ${status}`);
  }
}

export const json = 'Content-Type: application/json';

let names = 0;

/** A username that nobody has. */
export function newName(): string {
  names += 1;
  return `person-${names}`;
}

/** @returns the value, which is there. */
export function present<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

/** A refusal over HTTP must be a problem of this status and code. */
export function requireProblem(
  response: RawResponse | undefined,
  status: number,
  code: ErrorCode,
  what: string = code,
): void {
  assert.equal(response?.status, status, what);
  assert.match(response.headers['content-type'] ?? '', /^application\/problem\+json/, what);
  const problem = JSON.parse(response.body) as { status: number; code: string };
  assert.deepEqual([problem.status, problem.code], [status, code], what);
}

function asProcess(server: ServerProcess): Running {
  const { process, url, metricsUrl, output } = server;
  const silent = once(process, 'close');
  return {
    url,
    log: output,
    metricsUrl,
    stop: async () => {
      const code = await server.end('SIGTERM');
      await silent;
      return { code, log: output };
    },
    kill: () => process.kill('SIGKILL'),
  };
}

async function inThisProcess(
  { DATABASE_URL, ...environment }: Record<string, string>,
  options: NodeOptions,
): Promise<Running> {
  const server = await startServer(environment, DATABASE_URL, options);
  return {
    url: server.url,
    log: server.lines,
    metricsUrl: server.metricsUrl,
    stop: async () => {
      await server.close();
      return { code: 0, log: server.lines };
    },
    kill: () => {},
  };
}
