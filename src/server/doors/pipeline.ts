/**
 * Many requests may come on one connection whose answers nobody reads. Node would perform all of them at once and keep
 * what nobody fetches: here each starts when the answer before has been sent. And who takes too long to read an answer,
 * byte by byte perhaps, is cut off.
 */
import type { Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

/** Requests of one connection that wait; whoever sends more is cut off. */
const maxWaiting = 1_000;

type Waiting = { count: number; last: Promise<unknown> };

/** @param answerMs for an answer to be read, from when it is there. */
export function oneAfterTheOther(answerMs: number): MiddlewareHandler<{ Bindings: HttpBindings }> {
  const lines = new WeakMap<Socket, Waiting>();
  return async (context, next) => {
    const { incoming, outgoing } = context.env;
    const { socket } = incoming;
    const line = lines.get(socket) ?? { count: 0, last: Promise.resolve() };
    lines.set(socket, line);
    line.count += 1;
    if (line.count > maxWaiting) socket.destroy();
    const before = line.last;
    line.last = new Promise(resolve => outgoing.once('close', resolve)).then(() => {
      line.count -= 1;
    });
    await before;
    if (socket.destroyed) return context.body(null);
    await next();
    const cut = setTimeout(() => socket.destroy(), answerMs).unref();
    outgoing.once('close', () => clearTimeout(cut));
    return;
  };
}
