/** From a name and an unknown input to the one handler of that operation, with everything checked on the way. */
import type { z } from 'zod';
import type { RateName } from '../../contract/limits.ts';
import type { User } from '../../contract/objects.ts';
import {
  type OperationDefinition,
  type OperationName,
  type Output,
  operations,
  type ParsedInput,
} from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type Administration, notAdministrator } from '../store/administration.ts';
import { isPassing } from '../store/database.ts';
import type { Caller, RepeatingCaller, Stranger } from './caller.ts';
import type { Throttle } from './throttle.ts';

type CallerOf<N extends OperationName> = (typeof operations)[N] extends { ratesOfNew: readonly RateName[] }
  ? RepeatingCaller
  : (typeof operations)[N]['caller'] extends 'anyone'
    ? Stranger
    : Caller;

export type Handlers = {
  [N in OperationName]: (input: ParsedInput<N>, caller: CallerOf<N>) => Promise<Output<N>>;
};

/** What a client is told to wait when the database is away, or too busy. */
const databaseAwayRetryMs = 1_000;

export type Dispatch = (name: OperationName, input: unknown, caller: Caller | Stranger) => Promise<unknown>;

type Parts = {
  handlers: Handlers;
  administration: Pick<Administration, 'isAdministrator'>;
  /** Absent: as often as one likes. */
  throttle: Throttle | undefined;
  log: Logger;
};

/**
 * Performs operations; rejects with nothing but an OperationError. Handlers of one caller start in the order of the calls,
 * but for those that only an administrator may call: whether the caller is one is asked first, each time, since a
 * connection may be older than that.
 */
export function createDispatch({ handlers, administration, throttle, log }: Parts): Dispatch {
  return async (name, input, caller) => {
    const { caller: allowed, input: schema, rates, ratesOfNew }: OperationDefinition = operations[name];
    const user = 'user' in caller ? caller.user : undefined;
    if (allowed !== 'anyone' && user === undefined) throw new OperationError('unauthorized');
    const parsed = schema.safeParse(input);
    // Who is signed in pays for bad input as well; nobody else can be told apart from those who mistype.
    if (!parsed.success && user === undefined) throw badRequest(parsed.error);
    const account = (parsed.data as { username?: string } | undefined)?.username ?? user?.username;
    const counted = { user: user?.id, account, address: caller.address };
    const refusal = (waitMs: number | undefined) =>
      waitMs === undefined ? undefined : new OperationError('rate_limited', undefined, waitMs);
    const refused = refusal(throttle?.take(rates, counted));
    if (refused !== undefined) throw refused;
    // The table pairs each name with its input; TypeScript can't follow a name it doesn't know.
    const handler = handlers[name] as (input: unknown, caller: unknown) => Promise<unknown>;
    try {
      // Before the input is judged: who tries the doors learns nothing.
      if (allowed === 'administrator') await requireAdministrator(user);
      if (!parsed.success) throw badRequest(parsed.error);
      const overRate = ratesOfNew && refusal(throttle?.take(ratesOfNew, counted));
      return await handler(parsed.data, ratesOfNew ? { ...caller, overRate } : caller);
    } catch (error) {
      throw operationError(error, name, log, whose(caller));
    }
  };

  async function requireAdministrator(user: User | undefined): Promise<void> {
    if (user === undefined || !(await administration.isAdministrator(user.id))) throw notAdministrator();
  }
}

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name);
}

/** @returns what to tell whoever gave this input. */
export function badRequest({ issues: [issue] }: z.ZodError): OperationError {
  const where = issue?.path.join('.');
  return new OperationError('bad_request', where ? `${where}: ${issue?.message}` : issue?.message);
}

/** Who asked, and by which way, as the log names them. */
type Whose = { requestId?: string | undefined; userId?: string | undefined; connection?: string | undefined };

function whose(caller: Caller | Stranger): Whose {
  const { requestId } = caller;
  return 'user' in caller
    ? { requestId, userId: caller.user.id, connection: caller.socket?.session.id }
    : { requestId };
}

/** What a client is told of an error; what isn't the client's business goes to the log. */
export function operationError(
  error: unknown,
  operation: string,
  log: Logger,
  asker: Whose = {},
): OperationError {
  if (error instanceof OperationError) return error;
  if (isPassing(error)) {
    // Whoever asks is told; the store warns of it once, however many ask.
    log.debug({ err: error, operation, ...asker }, 'the database is away, or too busy');
    return new OperationError('unavailable', 'the database is away, or too busy', databaseAwayRetryMs);
  }
  log.error({ err: error, operation, ...asker }, 'an operation failed');
  return new OperationError('internal');
}
