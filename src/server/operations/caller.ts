/** Who calls an operation. */
import type { User } from '../../contract/objects.ts';
import type { Session } from '../live/session.ts';

/** The socket an operation came by, for those that are about the connection itself. */
export type CallingSocket = {
  session: Session;
  /** Runs right after the answer has gone out, if it is not an error. */
  afterAnswer(then: () => void): void;
};

export type Caller = { user: User; socket?: CallingSocket };
