import type { Account, ChatClient } from 'papo/sdk';
import { Paged } from './paged.ts';

/** What an administrator does with an account. */
export type AccountChange = 'disable' | 'enable' | 'promote' | 'demote';

/** The accounts of this server, by username: found page by page, changed one by one. */
export class Accounts {
  readonly list = new Paged<Account>();
  readonly #client: Pick<ChatClient, 'call'>;

  constructor(client: Pick<ChatClient, 'call'>) {
    this.#client = client;
  }

  /** Begins anew. @param query how the name begins; empty: all. */
  find(query: string): Promise<void> {
    return this.list.start(this.#pages(query));
  }

  /**
   * Changes an account; what the list has of it then is what the server says.
   * @throws {ChatError} `forbidden`: one isn't an administrator any more, or no other would be left; `unavailable`, …
   */
  async change({ user: { id } }: Account, change: AccountChange): Promise<void> {
    await this.#client.call(`account.${change}`, { user: id });
    const { account } = await this.#client.call('account.get', { user: id });
    this.list.replace(account, ({ user }) => user.id === id);
  }

  async *#pages(query: string): AsyncGenerator<Account[], void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#client.call('account.list', {
        ...(query !== '' && { query }),
        ...(cursor !== undefined && { cursor }),
      });
      if (page.accounts.length > 0) yield page.accounts;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}
