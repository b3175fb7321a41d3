/** People for tests: accounts over HTTP, and bare sockets that know only frames. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Answer, ChangeEvent, HelloEvent, ServerEvent, SocketError } from '../../src/contract/events.ts';
import type { Grant } from '../../src/contract/objects.ts';
import type { Input, OperationName, Output } from '../../src/contract/operations.ts';

import { noteSecrets } from './secrets.ts';

export const password = 'correct horse';

export type Response<Body = unknown> = { status: number; headers: Headers; body: Body };

/** One HTTP request with a JSON body, and the parsed answer. */
export async function request<Body = unknown>(
  url: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response<Body>> {
  noteSecrets(options.body, options.token);
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const body = (text && JSON.parse(text)) as Body;
  noteSecrets(body);
  return { status: response.status, headers: response.headers, body };
}

/** A new account. */
export async function register(url: string, username: string): Promise<Grant> {
  const { status, body } = await request<Grant>(url, 'POST', '/register', { body: { username, password } });
  if (status !== 201) throw new Error(`register ${username}: ${status} ${JSON.stringify(body)}`);
  return body;
}

export class AnswerError extends Error {
  readonly code: SocketError['code'];
  readonly retryable: boolean;

  constructor(error: SocketError) {
    super(`${error.code}: ${error.message}`);
    this.code = error.code;
    this.retryable = error.retryable;
  }
}

const waitLimitMs = 60_000;

/** A bare socket: sends frames, keeps every event, and waits for what a test needs. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly events: ServerEvent[] = [];
  /** Every frame as it came, answers included. */
  readonly frames: (Answer | ServerEvent)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #answers = new Map<unknown, (answer: Answer) => void>();
  readonly #watchers = new Set<() => void>();
  #ref = 0;

  constructor(url: string, token: string) {
    noteSecrets(undefined, token);
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['papo.v1', `bearer.${token}`]);
    this.closed = once(this.socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
    this.socket.on('error', () => {});
    this.socket.on('message', data => this.#receive(JSON.parse(String(data))));
    this.socket.on('close', () => this.#notify());
  }

  /** Connected, and greeted. */
  static async open(url: string, token: string): Promise<TestSocket> {
    const socket = new TestSocket(url, token);
    await socket.until(() => socket.hello !== undefined);
    return socket;
  }

  /** Connected and synced: gets every change from here on. */
  static async live(url: string, token: string, sync: Input<'sync'> = {}): Promise<TestSocket> {
    const socket = await TestSocket.open(url, token);
    await socket.call('sync', sync);
    return socket;
  }

  get hello(): HelloEvent | undefined {
    return this.events.find(event => event.event === 'hello');
  }

  changes(room: string): ChangeEvent[] {
    return this.events.filter(event => event.event === 'change').filter(event => event.room === room);
  }

  texts(room: string): string[] {
    return this.changes(room).flatMap(change => (change.messages ?? []).map(message => message.text));
  }

  /** @throws AnswerError */
  async call<N extends OperationName>(op: N, input: Input<N>): Promise<Output<N>> {
    this.#ref += 1;
    const ref = this.#ref;
    const answered = new Promise<Answer>(resolve => this.#answers.set(ref, resolve));
    this.socket.send(JSON.stringify({ ref, op, input }));
    const answer = await Promise.race([
      answered,
      this.closed.then(({ code }) => {
        throw new Error(`closed with ${code} before ${op} was answered`);
      }),
    ]);
    if ('error' in answer) throw new AnswerError(answer.error);
    return answer.output as Output<N>;
  }

  /** Waits until the condition holds; looked at after every frame. */
  async until(condition: () => boolean, what = 'the condition'): Promise<void> {
    const late = AbortSignal.timeout(waitLimitMs);
    while (!condition()) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed while waiting for ${what}`);
      await new Promise<void>((resolve, reject) => {
        this.#watchers.add(resolve);
        late.addEventListener('abort', () => reject(new Error(`waited too long for ${what}`)), {
          once: true,
        });
      });
    }
  }

  /** Closes in good order. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #receive(frame: Answer | ServerEvent): void {
    this.frames.push(frame);
    if ('event' in frame) this.events.push(frame);
    else this.#answers.get(frame.ref)?.(frame);
    this.#notify();
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}
