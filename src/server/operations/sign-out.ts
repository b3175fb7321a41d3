import type { Hub } from '../live/hub.ts';
import type { Caller } from './caller.ts';

/** Closes the sessions of logins that have ended; who asked for it on one of them gets the answer first. */
export function endSessions(
  hub: Pick<Hub, 'signOut'>,
  ended: Iterable<string>,
  { login, socket }: Pick<Caller, 'login' | 'socket'>,
): void {
  for (const each of new Set(ended)) {
    if (each === login && socket !== undefined) socket.afterAnswer(() => hub.signOut(login));
    else hub.signOut(each);
  }
}
