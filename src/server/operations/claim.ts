/** How somebody becomes the first administrator: with a code that stands in the server's log. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { OperationError } from '../errors.ts';
import type { Administration } from '../store/administration.ts';

const codeBytes = 24;

export class Claim {
  readonly #administration: Pick<Administration, 'claim' | 'hasAdministrator'>;
  /** Kept nowhere else. Unset: there was an administrator when the server started, or there is one since. */
  #code: string | undefined;

  constructor(administration: Pick<Administration, 'claim' | 'hasAdministrator'>) {
    this.#administration = administration;
  }

  /** @returns a new code, the only one that is good from here on; undefined when there is an administrator. */
  async open(): Promise<string | undefined> {
    const isOpen = !(await this.#administration.hasAdministrator());
    this.#code = isOpen ? randomBytes(codeBytes).toString('base64url') : undefined;
    return this.#code;
  }

  /**
   * Makes a user the first administrator.
   * @throws OperationError `forbidden`, the same for a wrong code and for one that is worth nothing any more.
   */
  async by(user: string, code: string): Promise<void> {
    if (this.#code === undefined || !isSame(code, this.#code)) throw notGood();
    const claimed = await this.#administration.claim(user);
    this.#code = undefined;
    if (!claimed) throw notGood();
  }
}

/** In a time that tells nothing of how much of it is right. */
function isSame(given: string, code: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(code)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function notGood(): OperationError {
  return new OperationError('forbidden', 'this code is not good, or not any more');
}
