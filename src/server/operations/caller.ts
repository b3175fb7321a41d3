/** Who calls an operation, and from where. */
import type { User } from '../../contract/objects.ts';
import type { OperationError } from '../errors.ts';
import type { Session } from '../live/session.ts';

/** Who presents a token: a user, by one of their logins, until the token expires. */
export type Identity = { user: User; login: string; expiresAt: Date };

/** The socket an operation came by, for those that are about the connection itself. */
export type CallingSocket = {
  session: Session;
  /** Runs right after the answer, if it is not an error; also when the connection has ended and nobody hears it. */
  afterAnswer(then: () => void): void;
  /** The connection goes on with a newer token. */
  renew(identity: Identity): void;
};

/** Not signed in. `address` is what rates by address count by; `requestId`, over HTTP, what the log knows the request by. */
export type Stranger = { address: string; requestId?: string };

export type Caller = Stranger & { user: User; login: string; socket?: CallingSocket };

/** `overRate`: what the caller is to be told, unless it asks for what was done before. */
export type RepeatingCaller = Caller & { overRate: OperationError | undefined };
