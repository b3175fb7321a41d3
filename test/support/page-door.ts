/** A door before a server, behind which the page can become another version of itself, and connections be cut. */
import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What differs between two versions: the page, and the worker that keeps it. */
const pagePaths = /^\/(?:index\.html|sw\.js)?$/;

export class PageDoor {
  /** Above 0 the page describes itself as `newer 1`, and so on, and the worker that keeps it gives that another name. */
  version = 0;
  readonly #target: URL;
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #sockets = new Set<Duplex>();

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server.on('upgrade', (request, socket) => this.#passThrough(request, socket));
  }

  /** @param target address of the server, like `http://127.0.0.1:8080`. */
  static async to(target: string): Promise<PageDoor> {
    const door = new PageDoor(target);
    door.#server.listen(0, '127.0.0.1');
    await once(door.#server, 'listening');
    return door;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Ends every WebSocket, as a server that restarts does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '/', headers } = request;
    if (this.version > 0 && method === 'GET' && pagePaths.test(url)) {
      this.#answerNewer(url, response).catch(() => response.destroy());
      return;
    }
    const { hostname, port } = this.#target;
    const passed = ask({ hostname, port, method, path: url, headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  }

  async #answerNewer(path: string, response: ServerResponse): Promise<void> {
    const answer = await fetch(new URL(path, this.#target));
    const headers = [...answer.headers].filter(
      ([name]) => !/^(?:content-(?:length|encoding)|connection|etag)$/.test(name),
    );
    const body = (await answer.text())
      .replace('content="papo:', `content="newer ${this.version}:`)
      .replaceAll('papo-', `newer-${this.version}-`);
    response.writeHead(answer.status, Object.fromEntries(headers)).end(body);
  }

  /** With the head as it came: the server compares its `Host` with the `Origin`. */
  #passThrough({ method, url, rawHeaders }: IncomingMessage, client: Duplex): void {
    const lines = [`${method} ${url} HTTP/1.1`];
    for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
    const server: Socket = connect(Number(this.#target.port), this.#target.hostname);
    server.write(`${lines.join('\r\n')}\r\n\r\n`);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
