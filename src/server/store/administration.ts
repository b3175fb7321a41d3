/** Accounts, as those who look after the server see and change them. */
import { sql } from 'kysely';
import type { Account } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Database } from './database.ts';
import { endLogins } from './ended-logins.ts';
import type { Page } from './page.ts';
import { accountOf } from './rows.ts';
import { beginningLike, userColumns } from './users.ts';

/**
 * The advisory lock that changes of administrators and of disabled accounts take one after the other: who counts the
 * administrators that are left must not count one who is leaving. "admn" in ASCII.
 */
const administrationKey = 0x61_64_6d_6e;

/** Who asks for a change: an administrator, or undefined for whoever has the machine, who may do everything. */
export type ChangedBy = { administrator: string } | undefined;

const accountColumns = [...userColumns, 'administrator', 'disabled_at'] as const;

export class Administration {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Accounts by username, those whose username or display name begins so. The cursor is the last one's username. */
  async list(query: string | undefined, after: string | undefined, limit: number): Promise<Page<Account>> {
    // In the order of bytes, which is that of the index.
    let rows = this.#db
      .selectFrom('users')
      .select(accountColumns)
      .orderBy(sql`username using ~<~`)
      .limit(limit + 1);
    if (query !== undefined) rows = rows.where(beginningLike(query));
    if (after !== undefined) rows = rows.where(sql<boolean>`username ~>~ ${after}`);
    const found = await rows.execute();
    const page = found.slice(0, limit);
    return {
      items: page.map(accountOf),
      cursor: found.length > limit ? page.at(-1)?.username : undefined,
    };
  }

  /** @throws OperationError `not_found` */
  async get(user: string): Promise<Account> {
    const row = await this.#db
      .selectFrom('users')
      .select(accountColumns)
      .where('id', '=', user)
      .executeTakeFirst();
    if (row === undefined) throw noSuchUser();
    return accountOf(row);
  }

  async isAdministrator(user: string): Promise<boolean> {
    return isAdministrator(this.#db, user);
  }

  /** Whether there is one who can sign in. */
  async hasAdministrator(): Promise<boolean> {
    return hasAdministrator(this.#db);
  }

  /**
   * The user can't sign in from here on. What was accepted of theirs before stays, and so do their rooms.
   * @returns the logins that ended by it.
   * @throws OperationError `not_found`; `forbidden` when it leaves no administrator.
   */
  disable(user: string, by: ChangedBy): Promise<string[]> {
    return this.#change(by, async tx => {
      await update(tx, user, { disabled_at: sql<Date>`coalesce(disabled_at, now())` });
      return endLogins(tx, user);
    });
  }

  /** @throws OperationError `not_found` */
  enable(user: string, by: ChangedBy): Promise<void> {
    return this.#change(by, tx => update(tx, user, { disabled_at: null }));
  }

  /** @throws OperationError `not_found` */
  promote(user: string, by: ChangedBy): Promise<void> {
    return this.#change(by, tx => update(tx, user, { administrator: true }));
  }

  /** @throws OperationError `not_found`; `forbidden` when it leaves no administrator. */
  demote(user: string, by: ChangedBy): Promise<void> {
    return this.#change(by, tx => update(tx, user, { administrator: false }));
  }

  /** Makes a user the first administrator. @returns whether there was none. */
  claim(user: string): Promise<boolean> {
    return this.#change(undefined, async tx => {
      if (await hasAdministrator(tx)) return false;
      await update(tx, user, { administrator: true });
      return true;
    });
  }

  /** One change after the other; what an administrator changes must leave one. */
  #change<Result>(by: ChangedBy, change: (tx: Database) => Promise<Result>): Promise<Result> {
    return this.#db.transaction().execute(async tx => {
      await sql`select pg_advisory_xact_lock(${administrationKey})`.execute(tx);
      if (by !== undefined && !(await isAdministrator(tx, by.administrator))) throw notAdministrator();
      const result = await change(tx);
      if (by !== undefined && !(await hasAdministrator(tx))) {
        throw new OperationError('forbidden', 'one administrator must remain: make somebody else one first');
      }
      return result;
    });
  }
}

export function notAdministrator(): OperationError {
  return new OperationError('forbidden', 'only an administrator can do that');
}

function noSuchUser(): OperationError {
  return new OperationError('not_found', 'no such user');
}

type Changes = { administrator: boolean } | { disabled_at: ReturnType<typeof sql<Date>> | null };

async function update(db: Database, user: string, changes: Changes): Promise<void> {
  const row = await db
    .updateTable('users')
    .set(changes)
    .where('id', '=', user)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) throw noSuchUser();
}

async function isAdministrator(db: Database, user: string): Promise<boolean> {
  return (await administrators(db).where('id', '=', user).executeTakeFirst()) !== undefined;
}

async function hasAdministrator(db: Database): Promise<boolean> {
  return (await administrators(db).limit(1).executeTakeFirst()) !== undefined;
}

function administrators(db: Database) {
  return db
    .selectFrom('users')
    .select('id')
    .where('administrator', '=', true)
    .where('disabled_at', 'is', null);
}
