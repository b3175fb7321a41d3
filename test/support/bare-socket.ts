/** Requests on a bare WebSocket, for tests with so many of them, or so much on them, that nothing else may be kept. */
import type { WebSocket } from 'ws';

/** Asks, and waits for the answer, which must not be an error. */
export function ask(socket: WebSocket, op: string, input: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = (frame: Buffer) => {
      const head = frame.toString('latin1', 0, 100);
      if (!head.startsWith(`{"ref":"${op}",`)) return;
      socket.off('message', hear);
      if (head.startsWith(`{"ref":"${op}","output"`)) resolve();
      else reject(new Error(`${op}: ${frame}`));
    };
    socket.on('message', hear);
    socket.send(JSON.stringify({ ref: op, op, input }));
  });
}
