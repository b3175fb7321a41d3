/** A network that fails: a TCP proxy on loopback that is taken down, comes back, and remembers what passed. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export class ShakyNetwork {
  #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer(socket => this.#serve(socket));
  #isDown = false;
  #asked = '';
  #answered = '';

  constructor(target: string) {
    this.#target = new URL(target);
  }

  /** @param target address of the server, like `http://127.0.0.1:8080`. */
  static async to(target: string): Promise<ShakyNetwork> {
    const network = new ShakyNetwork(target);
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return network;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Whether a client has sent this, ever; in the clear, like the head of an HTTP request. */
  hasAsked(text: string): boolean {
    return this.#asked.includes(text);
  }

  /** Whether the server has sent this since the network came up last. */
  hasAnswered(text: string): boolean {
    return this.#answered.includes(text);
  }

  /** Cuts every connection, and refuses new ones. */
  down(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  up(): void {
    this.#answered = '';
    this.#isDown = false;
  }

  /** Leads new connections to another server, at the same address for clients. */
  leadTo(target: string): void {
    this.#target = new URL(target);
  }

  async close(): Promise<void> {
    this.down();
    this.#server.close();
    await once(this.#server, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #serve(client: Socket): void {
    if (this.#isDown) {
      client.destroy();
      return;
    }
    const server = connect(Number(this.#target.port), this.#target.hostname);
    client.on('data', bytes => {
      this.#asked += bytes.toString('latin1');
    });
    server.on('data', bytes => {
      this.#answered += bytes.toString('latin1');
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
