/** Starts the fan-out's peers and seats the audience before them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Audience, seat } from './audience.ts';
import { type Context, unlessEnded } from './bench.ts';
import type { PeerKind, PeerOrder } from './fanout-peer.ts';

export type Peer = { readonly audience: Audience; readonly pid: number };

/** @param text what each message brings to everyone. @param request what a member sends to bring it about. */
export async function seatBefore(
  kind: PeerKind,
  { text, request, members }: { text: string; request: Buffer; members: number },
  context: Context,
): Promise<Peer> {
  const { undo, signal, fail } = context;
  signal.throwIfAborted();
  const child = fork(join(import.meta.dirname, 'fanout-peer.ts'));
  const ended = () => fail(new Error(`the ${kind} peer ended`));
  child.once('exit', ended);
  undo.defer(async () => {
    child.off('exit', ended);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  const order: PeerOrder = { kind, text };
  child.send(order);
  const [{ url }] = (await unlessEnded(once(child, 'message'), signal)) as [{ url: string }];
  const sockets = await seat(url, Array<undefined>(members).fill(undefined), async () => {}, context);
  const audience = new Audience(sockets, { nextMessage: () => request, numbered: undefined });
  return { audience, pid: child.pid ?? 0 };
}
