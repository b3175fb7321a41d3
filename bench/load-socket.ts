/** One WebSocket of a load generator: raw, with one read buffer for all of them. */
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Context, unlessEnded } from './bench.ts';
import { clientFrame, FrameReader, opcodes } from './frames.ts';

/** Told of every text frame; the bytes are valid during the call only. */
export type OnText = (bytes: Buffer, start: number, end: number) => void;

const readBufferBytes = 256 * 1024;
/** libuv fills the buffer and hands it over before it reads from another socket. */
const readBuffer = Buffer.allocUnsafe(readBufferBytes);
const connectTimeoutMs = 20_000;

export class LoadSocket {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #onText: OnText = () => {};
  /** Told after all the frames of one read. */
  #onReadEnd: (() => void) | undefined;
  #handshake: { head: string; accept: string; open(): void } | undefined;
  #closing = false;

  private constructor(
    url: string,
    token: string | undefined,
    open: () => void,
    fail: (error: Error) => void,
  ) {
    const { hostname, port, host } = new URL(url);
    const key = randomBytes(16).toString('base64');
    this.#handshake = { head: '', accept: acceptOf(key), open };
    this.#reader = new FrameReader((opcode, bytes, start, end) => this.#frame(opcode, bytes, start, end));
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: readBuffer, callback: length => this.#read(readBuffer.subarray(0, length)) },
    });
    this.#socket.on('error', fail);
    this.#socket.on('close', () => {
      if (!this.#closing) fail(new Error('the server closed a socket'));
    });
    const lines = [
      'GET /ws HTTP/1.1',
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Version: 13',
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ];
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** It is closed with the run; and a run is over when the socket breaks, or is closed by the server. */
  static async open(url: string, token: string | undefined, context: Context): Promise<LoadSocket> {
    const { signal, fail, undo } = context;
    signal.throwIfAborted();
    const opened = Promise.withResolvers<void>();
    const socket = new LoadSocket(url, token, opened.resolve, fail);
    undo.defer(() => socket.close());
    await unlessEnded(opened.promise, AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]));
    return socket;
  }

  listen(onText: OnText, onReadEnd?: () => void): void {
    this.#onText = onText;
    this.#onReadEnd = onReadEnd;
  }

  /** Writes frames that are ready. */
  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  /** One request and its answer, parsed: for the setting up. Takes the place of the listener. */
  async call(op: string, input: object, signal: AbortSignal): Promise<unknown> {
    const ref = 'call';
    const answered = new Promise<{ output?: unknown; error?: unknown }>(resolve => {
      this.listen((bytes, start, end) => {
        const frame = JSON.parse(bytes.toString('utf8', start, end));
        if (frame.ref === ref) resolve(frame);
      });
    });
    this.write(clientFrame(JSON.stringify({ ref, op, input })));
    const { output, error } = await unlessEnded(answered, signal);
    if (output === undefined) throw new Error(`${op}: ${JSON.stringify(error)}`);
    return output;
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): boolean {
    if (this.#handshake === undefined) this.#reader.read(chunk);
    else this.#shakeHands(chunk, this.#handshake);
    this.#onReadEnd?.();
    return true;
  }

  #shakeHands(chunk: Buffer, handshake: { head: string; accept: string; open(): void }): void {
    handshake.head += chunk.toString('latin1');
    const end = handshake.head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = handshake.head.slice(0, end);
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(handshake.accept)) {
      this.#socket.destroy(new Error(`no WebSocket: ${head.split('\r\n', 1)[0]}`));
      return;
    }
    this.#handshake = undefined;
    this.#reader.read(Buffer.from(handshake.head.slice(end + 4), 'latin1'));
    handshake.open();
  }

  #frame(opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === opcodes.text) this.#onText(bytes, start, end);
    else if (opcode === opcodes.ping) this.write(clientFrame(bytes.subarray(start, end), opcodes.pong));
    else if (opcode === opcodes.close) {
      const code = end - start >= 2 ? bytes.readUInt16BE(start) : 1005;
      this.#socket.destroy(new Error(`closed with ${code} ${bytes.toString('utf8', start + 2, end)}`));
    }
  }
}

/** RFC 6455, section 4.2.2. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
