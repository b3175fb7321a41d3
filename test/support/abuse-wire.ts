/** Bytes on the wire, as no honest client would send them: HTTP and WebSocket (RFC 6455) over a bare connection. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

const waitLimitMs = 20_000;

export type RawResponse = {
  status: number;
  /** Names in lower case; of repeated ones the last. */
  headers: Record<string, string>;
  body: string;
};

/** One connection, and every byte that came back on it. */
export class RawConnection {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  /** The server has closed its end, or cut the connection. */
  ended = false;
  readonly #watchers = new Set<() => void>();

  /** @param localAddress where it comes from; absent: as usual. */
  constructor(url: string, localAddress?: string) {
    const { hostname, port } = new URL(url);
    // Half-open: what the server does with a peer that doesn't close its end is for the tests to see.
    this.socket = connect({
      host: hostname,
      port: Number(port),
      allowHalfOpen: true,
      noDelay: true,
      ...(localAddress !== undefined && { localAddress }),
    });
    this.socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.#notify();
    });
    for (const event of ['end', 'close', 'error']) {
      this.socket.on(event, () => {
        this.ended = true;
        this.#notify();
      });
    }
  }

  /** All parts in one write. */
  write(...parts: readonly (Buffer | string)[]): void {
    this.socket.write(
      Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part))),
    );
  }

  /** Waits until the answer is neither undefined nor false; asked again after everything that arrives. */
  async until<T>(what: string, ask: () => T | undefined | false): Promise<T> {
    const late = AbortSignal.timeout(waitLimitMs);
    for (;;) {
      const answer = ask();
      if (answer !== undefined && answer !== false) return answer;
      if (this.ended) throw new Error(`the connection ended before ${what}; received: ${this.received}`);
      await new Promise<void>((resolve, reject) => {
        this.#watchers.add(resolve);
        late.addEventListener('abort', () => reject(new Error(`waited too long for ${what}`)), {
          once: true,
        });
      });
    }
  }

  /** Everything that comes until the server ends the connection, which then is closed. */
  async rest(): Promise<Buffer> {
    await this.until('the end of the connection', () => this.ended);
    this.socket.destroy();
    return this.received;
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

/**
 * The responses in these bytes, up to the first that isn't complete. Interim ones (100) are left out; the body of a
 * response without a length reaches to the end.
 */
export function responsesIn(bytes: Buffer): RawResponse[] {
  const responses: RawResponse[] = [];
  for (let at = 0; at < bytes.length; ) {
    const response = responseAt(bytes, at);
    if (response === undefined) break;
    if (response.status !== 100) responses.push(response);
    at = response.end;
  }
  return responses;
}

function responseAt(bytes: Buffer, start: number): (RawResponse & { end: number }) | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', start, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  assert.ok(status >= 100, `not a response: ${JSON.stringify(statusLine)}`);
  const headers = Object.fromEntries(
    lines.map(line => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const bodyStart = headEnd + 4;
  const bodyless = status < 200 || status === 204;
  const length = bodyless ? 0 : Number(headers['content-length'] ?? bytes.length - bodyStart);
  const end = bodyStart + length;
  if (bytes.length < end) return undefined;
  return { status, headers, body: bytes.toString('utf8', bodyStart, end), end };
}

export type HeaderLine = readonly [name: string, value: string];

export type Handshake = {
  path?: string;
  method?: string;
  /** Beside the usual ones, and in their place where the name is the same; twice the same name is sent twice. */
  headers?: readonly HeaderLine[];
  /** Names of usual headers that are left out. */
  without?: readonly string[];
  /** Sent in one packet with the handshake. */
  early?: readonly Buffer[];
};

/** Asks for a WebSocket. */
export function handshakeBytes(url: string, options: Handshake = {}): string {
  const { path = '/ws', method = 'GET', headers = [], without = [] } = options;
  const usual: HeaderLine[] = [
    ['Host', new URL(url).host],
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
  ];
  const given = new Set([...headers.map(([name]) => name), ...without].map(name => name.toLowerCase()));
  const lines = [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...headers];
  return [`${method} ${path} HTTP/1.1`, ...lines.map(line => line.join(': ')), '', ''].join('\r\n');
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Frame = {
  opcode?: number;
  payload?: Buffer | string;
  /** False: more fragments follow. */
  fin?: boolean;
  /** The three reserved bits, as they stand in the first byte: 0x40, 0x20, 0x10. */
  rsv?: number;
  masked?: boolean;
  /** Said in the header's 64 bits in place of the payload's true length. */
  declaredLength?: bigint;
};

/** One frame of a client; what isn't said is as it should be. */
export function frame(parts: Frame = {}): Buffer {
  const { opcode = opcodes.text, fin = true, rsv = 0, masked = true } = parts;
  const payload = Buffer.from(parts.payload ?? '');
  const first = (fin ? 0x80 : 0) | rsv | opcode;
  const maskBit = masked ? 0x80 : 0;
  const length = lengthBytes(payload.length, parts.declaredLength);
  const header = Buffer.concat([Buffer.from([first]), length]);
  header[1] = (header[1] ?? 0) | maskBit;
  if (!masked) return Buffer.concat([header, payload]);
  const mask = randomBytes(4);
  const hidden = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([header, mask, hidden]);
}

function lengthBytes(length: number, declared: bigint | undefined): Buffer {
  if (declared === undefined && length <= 125) return Buffer.from([length]);
  if (declared === undefined && length <= 0xffff) return Buffer.from([126, length >> 8, length & 0xff]);
  const long = Buffer.alloc(9, 127);
  long.writeBigUInt64BE(declared ?? BigInt(length), 1);
  return long;
}

export const textFrame = (payload: string | Buffer) => frame({ payload });

/** A request as a frame. */
export const requestFrame = (ref: unknown, op: unknown, input: unknown = {}) =>
  textFrame(JSON.stringify({ ref, op, input }));

export function closePayload(code: number, reason: Buffer | string = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** What the server says on a socket; narrowed by whoever looks at it. */
export type ServerText = {
  ref?: unknown;
  event?: string;
  output?: unknown;
  error?: { code: string; message: string; retryable: boolean };
};

type ServerFrame = { opcode: number; payload: Buffer };

/** A WebSocket that sends whatever bytes it is told to. */
export class RawSocket {
  readonly connection: RawConnection;
  readonly response: RawResponse;
  readonly #framesFrom: number;

  private constructor(connection: RawConnection, response: RawResponse, framesFrom: number) {
    this.connection = connection;
    this.response = response;
    this.#framesFrom = framesFrom;
  }

  /** Waits for the answer to the handshake, whatever it is. */
  static async ask(url: string, options: Handshake = {}): Promise<RawSocket> {
    const connection = new RawConnection(url);
    connection.write(handshakeBytes(url, options), ...(options.early ?? []));
    const response = await connection.until('the answer to the handshake', () =>
      responsesIn(connection.received).at(0),
    );
    const { received } = connection;
    const framesFrom = response.status === 101 ? received.indexOf('\r\n\r\n') + 4 : Number.POSITIVE_INFINITY;
    return new RawSocket(connection, response, framesFrom);
  }

  write(...parts: readonly Buffer[]): void {
    this.connection.write(...parts);
  }

  /** Everything the server has said. */
  get texts(): ServerText[] {
    return this.frames
      .filter(({ opcode }) => opcode === opcodes.text)
      .map(({ payload }) => JSON.parse(payload.toString()));
  }

  get frames(): ServerFrame[] {
    return framesIn(this.connection.received.subarray(this.#framesFrom));
  }

  /** Waits until the server has said this. */
  async hears(what: string, is: (text: ServerText) => boolean): Promise<ServerText> {
    return this.connection.until(what, () => this.texts.find(is));
  }

  async greeted(): Promise<this> {
    await this.hears('hello', text => text.event === 'hello');
    return this;
  }

  async answer(ref: unknown): Promise<ServerText> {
    return this.hears(`the answer to ${JSON.stringify(ref)}`, text => isDeepStrictEqual(text.ref, ref));
  }

  async call(ref: unknown, op: unknown, input: unknown = {}): Promise<ServerText> {
    this.write(requestFrame(ref, op, input));
    return this.answer(ref);
  }

  /** Waits until the server has closed. @returns the code it gave; 1006 when it gave none before the connection ended. */
  async closed(): Promise<number> {
    const { connection } = this;
    const closing = () => this.frames.find(({ opcode }) => opcode === opcodes.close);
    const close = await connection.until('a close frame or the end', () => closing() ?? connection.ended);
    if (!connection.socket.destroyed && !connection.ended) {
      // Answered in good order; the server then ends the connection, and so do we.
      this.write(frame({ opcode: opcodes.close, payload: closePayload(1000) }));
    }
    await connection.rest();
    if (close === true) return 1006;
    return close.payload.length < 2 ? 1005 : close.payload.readUInt16BE();
  }

  /** Goes away without a word. */
  cut(): void {
    this.connection.socket.destroy();
  }
}

/** The server's frames, which are never masked or fragmented and have no reserved bits. */
function framesIn(bytes: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const first = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    assert.ok((first & 0xf0) === 0x80 && short < 0x80, 'a frame of the server is whole and not masked');
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + header > bytes.length) break;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    const end = at + header + length;
    if (end > bytes.length) break;
    frames.push({ opcode: first & 0x0f, payload: bytes.subarray(at + header, end) });
    at = end;
  }
  return frames;
}
