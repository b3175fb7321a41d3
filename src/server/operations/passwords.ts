/** Passwords: argon2id, off the event loop, few at a time. */
import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import { OperationError } from '../errors.ts';

/** OWASP's second choice for argon2id (memory in KiB): https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashing takes a core for some 20 ms: more at once would only slow down everything else. */
const maxWaiting = 100;
const retryAfterMs = 2_000;

export class Passwords {
  readonly #limit = pLimit(availableParallelism());
  /** Verified in place of the hash of a user who doesn't exist, so that both take the same time. */
  readonly #nobodysHash = hash('nobody has this password', parameters);

  /** @returns a PHC string with its own salt. @throws OperationError `unavailable` when too many are waiting. */
  hash(password: string): Promise<string> {
    return this.#queued(() => hash(password, parameters));
  }

  /** Made with other parameters than a new hash would be. */
  isOutdated(passwordHash: string): boolean {
    const { memoryCost, timeCost, parallelism } = parameters;
    return !passwordHash.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`);
  }

  verify(password: string, passwordHash: string | undefined): Promise<boolean> {
    return this.#queued(async () => {
      const matches = await verify(passwordHash ?? (await this.#nobodysHash), password);
      return matches && passwordHash !== undefined;
    });
  }

  #queued<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#limit.pendingCount >= maxWaiting) {
      throw new OperationError('unavailable', 'too many people are signing in', retryAfterMs);
    }
    return this.#limit(work);
  }
}
