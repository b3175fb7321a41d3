/** The runtime's WebSocket, with a count of the changes that came. */
import type { SocketConstructor, SocketLike } from '../../src/sdk/index.ts';

export type Tally = { connections: number; changes: number };

/** @param tally what is added to. */
export function countingSocket(tally: Tally): SocketConstructor {
  return class extends WebSocket implements SocketLike {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      this.addEventListener('open', () => {
        tally.connections += 1;
      });
      this.addEventListener('message', ({ data }) => {
        if (String(data).startsWith('{"event":"change"')) tally.changes += 1;
      });
    }
  };
}
