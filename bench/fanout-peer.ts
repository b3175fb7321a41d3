/**
 * The peers of the fan-out benchmark, each as a process of its own: whatever arrives on a socket, everyone gets the
 * bytes that were given. They store nothing, number nothing and answer nothing.
 *
 * `raw`: a frame made once, and one write to each socket. It is what Node can do at one write per message.
 * `ws`: the loop of every tutorial.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { FrameReader, serverFrame } from './frames.ts';
import { acceptOf } from './load-socket.ts';

export type PeerKind = 'raw' | 'ws';
export type PeerOrder = { kind: PeerKind; text: string };

process.on('disconnect', () => process.exit());
// Ctrl-C is for the benchmark, which lets go of us in the end.
process.on('SIGINT', () => {});
process.once('message', ({ kind, text }: PeerOrder) => (kind === 'raw' ? openRaw(text) : openWs(text)));

function openRaw(text: string): void {
  const frame = serverFrame(text);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, socket => {
    const reader = new FrameReader(() => {
      for (const member of sockets) member.write(frame);
    });
    socket.on('error', () => sockets.delete(socket));
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', head => {
      const key = /^sec-websocket-key: (\S+)/im.exec(head.toString('latin1'))?.[1] ?? '';
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
      );
      sockets.add(socket);
      socket.on('data', (chunk: Buffer) => reader.read(chunk));
    });
  });
  server.listen(0, '127.0.0.1', () => report(server));
}

function openWs(text: string): void {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('listening', () => report(server));
  server.on('connection', webSocket => {
    webSocket.on('error', () => {});
    webSocket.on('message', () => {
      for (const member of server.clients) member.send(text);
    });
  });
}

function report(server: { address(): AddressInfo | string | null }): void {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` });
}
