/** The members of one room, all of them receivers: a thousand sockets in this process, whoever the server is. */
import pLimit from 'p-limit';
import { type Context, unlessEnded } from './bench.ts';
import { places } from './crowd.ts';
import { ChangeReader, isAnswer, isChange, isOutput } from './frames.ts';
import { LoadSocket } from './load-socket.ts';

/** What a server has to do with a message, and what shows that it did. */
export type Expectation = {
  /** A message, ready to be sent. */
  nextMessage(): Buffer;
  /** Whether changes are numbered without gaps from the versions given on, and every send is answered. */
  numbered: { versions: number[] } | undefined;
};

export type Played = { deliveriesPerSecond: number; messages: number };

const connectionsAtATime = 16;
const drainLimitMs = 30_000;
/** Bounds what a round keeps count of. */
const maxMessages = 200_000;

export class Audience {
  readonly #sockets: readonly LoadSocket[];
  readonly #expectation: Expectation;
  /** The first change that came: what a message looks like to those who get it. */
  sample = '';

  constructor(sockets: readonly LoadSocket[], expectation: Expectation) {
    this.#sockets = sockets;
    this.#expectation = expectation;
  }

  /**
   * Keeps so many messages in flight for some time, each sent by another member, then waits for the last. A message
   * is in flight until everyone has it.
   */
  async play(inFlight: number, roundMs: number, { signal }: Context): Promise<Played> {
    const sockets = this.#sockets;
    const { numbered, nextMessage } = this.#expectation;
    const received = new Uint32Array(sockets.length);
    /** By message, in the order that is the same for everyone: how many have it. */
    const holders = new Uint32Array(maxMessages);
    let [sent, answered, complete] = [0, 0, 0];
    const drained = Promise.withResolvers<void>();
    const change = new ChangeReader();

    for (const [place, socket] of sockets.entries()) {
      socket.listen((bytes, start, end) => {
        if (isChange(bytes, start)) {
          if (this.sample === '') this.sample = bytes.toString('utf8', start, end);
          change.read(bytes, start);
          if (numbered !== undefined) {
            if (change.from !== (numbered.versions[place] ?? 0) + 1)
              drained.reject(unexpected(bytes, start, end));
            numbered.versions[place] = change.version;
          }
          // A server without numbers says the same again and again: one message each time.
          const count = numbered === undefined ? 1 : change.version - change.from + 1;
          for (let left = count; left > 0; left -= 1) receive(place);
        } else if (isAnswer(bytes, start) && isOutput(bytes, start)) answered += 1;
        else drained.reject(unexpected(bytes, start, end));
        settle();
      });
    }

    const began = performance.now();
    const stopAt = began + roundMs;
    while (sent < inFlight) send();
    const limit = AbortSignal.timeout(roundMs + drainLimitMs);
    try {
      await unlessEnded(drained.promise, AbortSignal.any([signal, limit]));
    } catch (error) {
      throw new Error(`the round was not finished: ${complete} of ${sent} messages reached everyone`, {
        cause: error,
      });
    }
    const tookSeconds = (performance.now() - began) / 1_000;
    if (received.some(count => count !== sent))
      throw new Error('not everyone got every message exactly once');
    return { deliveriesPerSecond: (sent * sockets.length) / tookSeconds, messages: sent };

    function receive(place: number): void {
      const nth = received[place] ?? 0;
      received[place] = nth + 1;
      const count = (holders[nth] ?? 0) + 1;
      holders[nth] = count;
      if (count < sockets.length) return;
      complete += 1;
      if (performance.now() < stopAt && sent < maxMessages) send();
    }

    function send(): void {
      sockets[sent % inFlight]?.write(nextMessage());
      sent += 1;
    }

    function settle(): void {
      const isAnswered = numbered === undefined || answered >= sent;
      if (complete === sent && isAnswered) drained.resolve();
    }
  }
}

/** Opens the members' sockets; `enter` makes one ready. */
export async function seat(
  url: string,
  tokens: readonly (string | undefined)[],
  enter: (socket: LoadSocket, place: number) => Promise<void>,
  context: Context,
): Promise<LoadSocket[]> {
  const limit = pLimit(connectionsAtATime);
  return Promise.all(
    places(tokens.length).map(place =>
      limit(async () => {
        const socket = await LoadSocket.open(url, tokens[place], context);
        await enter(socket, place);
        return socket;
      }),
    ),
  );
}

function unexpected(bytes: Buffer, start: number, end: number): Error {
  return new Error(`not what was expected: ${bytes.toString('utf8', start, end)}`);
}
