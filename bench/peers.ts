/** Starts the peers, and seats the fan-out's audience before them. */
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
  const { url, pid } = await startPeer({ kind, text }, context);
  const sockets = await seat(url, Array<undefined>(members).fill(undefined), async () => {}, context);
  const audience = new Audience(sockets, { nextMessage: () => request, numbered: undefined });
  return { audience, pid };
}

/** A peer in a process of its own, which ends with the run. */
export async function startPeer(order: PeerOrder, context: Context): Promise<{ url: string; pid: number }> {
  const { undo, signal, fail } = context;
  signal.throwIfAborted();
  const child = fork(join(import.meta.dirname, 'fanout-peer.ts'));
  const ended = () => fail(new Error(`the ${order.kind} peer ended`));
  child.once('exit', ended);
  undo.defer(async () => {
    child.off('exit', ended);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  child.send(order);
  const [{ url }] = (await unlessEnded(once(child, 'message'), signal)) as [{ url: string }];
  return { url, pid: child.pid ?? 0 };
}
