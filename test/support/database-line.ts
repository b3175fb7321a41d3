/** The line between a server and its database: it can be cut, and it can hang without a word. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { present } from './abuse.ts';
import type { TestDatabase } from './postgres.ts';

export class DatabaseLine {
  readonly #database: TestDatabase;
  readonly #ends = new Set<Socket>();
  readonly #server = createServer(near => this.#lead(near));
  #isCut = false;

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  static async to(database: TestDatabase): Promise<DatabaseLine> {
    const line = new DatabaseLine(database);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  /** The database at the near end of the line. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return new URL(this.#database.url.replace(/@[^/]*/, `@127.0.0.1:${port}`)).href;
  }

  /** Resets what there is and whatever comes. */
  cut(): void {
    this.#isCut = true;
    for (const end of this.#ends) end.resetAndDestroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Nothing comes through any more, and nobody is told. */
  hang(): void {
    for (const end of this.#ends) end.unpipe().pause();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #lead(near: Socket): void {
    const { host, port } = this.#database.connection;
    const far = host?.startsWith('/')
      ? connect(`${host}/.s.PGSQL.${port}`)
      : connect(Number(port), present(host));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.pipe(other);
      one.on('error', () => {}).on('close', () => other.destroy());
    }
    this.#ends.add(near);
    near.on('close', () => this.#ends.delete(near));
    if (this.#isCut) near.resetAndDestroy();
  }
}
