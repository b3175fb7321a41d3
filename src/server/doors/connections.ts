/**
 * How many HTTP connections one address may have at a time: each costs memory before anybody knows who it is. One that has
 * become a socket counts no longer; there is a limit for each user's.
 */
import type { Duplex } from 'node:stream';
import { type IsTrustedProxy, networkOf } from './address.ts';

/** What there is to know of a connection; `remoteAddress` is unset where it came by no network. */
type Connection = Duplex & { readonly remoteAddress?: string | undefined };

export class Connections {
  readonly #max: number;
  readonly #isTrustedProxy: IsTrustedProxy;
  readonly #onOver: () => void;
  readonly #counted = new Map<string, Set<Connection>>();

  /**
   * @param isTrustedProxy whose connections don't count: a proxy brings everybody's.
   * @param onOver called for each connection that is cut off.
   */
  constructor(max: number, isTrustedProxy: IsTrustedProxy, onOver: () => void) {
    this.#max = max;
    this.#isTrustedProxy = isTrustedProxy;
    this.#onOver = onOver;
  }

  /** Cut off at once if there are too many of its address. */
  came(connection: Connection): void {
    const { remoteAddress } = connection;
    if (remoteAddress === undefined || this.#isTrustedProxy(remoteAddress)) return;
    const address = networkOf(remoteAddress);
    const theirs = this.#counted.get(address) ?? new Set();
    if (theirs.size >= this.#max) {
      this.#onOver();
      connection.destroy();
      return;
    }
    this.#counted.set(address, theirs.add(connection));
    connection.once('close', () => this.#forget(address, connection));
  }

  /** It has become a socket. */
  leftHttp(connection: Connection): void {
    if (connection.remoteAddress !== undefined) this.#forget(networkOf(connection.remoteAddress), connection);
  }

  #forget(address: string, connection: Connection): void {
    const theirs = this.#counted.get(address);
    theirs?.delete(connection);
    if (theirs?.size === 0) this.#counted.delete(address);
  }
}
