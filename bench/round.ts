/** One round of the append benchmark: messages sent, acknowledged, and delivered to every member, all checked. */
import { v7 as uuidv7 } from 'uuid';
import { unlessEnded } from './bench.ts';
import { type Crowd, type Member, places } from './crowd.ts';
import { ChangeReader, clientFrame, idWithTail, isAnswer, isChange, isOutput } from './frames.ts';

/** `window`: so many unacknowledged messages per sender; `rate`: so many a second, whatever is unacknowledged. */
export type Pace = { window: number } | { rate: number };

export type RoundResult = {
  /** From the first send to the last delivery. */
  seconds: number;
  /** With a rate: from send to delivery, one for each change delivered, ascending, ms. */
  latencies: Float64Array;
  /** With a rate: how much later than it was due the latest message was sent, ms. */
  maxLateMs: number;
};

const stallLimitMs = 60_000;
const tickMs = 1;

export function textOf(place: number, bytes: number): string {
  return `message ${place} `.padEnd(bytes, 'lorem ipsum dolor sit amet ').slice(0, Math.max(1, bytes));
}

export async function playRound(
  crowd: Crowd,
  { messages, textBytes, pace }: { messages: number; textBytes: number; pace: Pace },
  signal: AbortSignal,
): Promise<RoundResult> {
  const timed = 'rate' in pace;
  const outboxes = crowd.members.map(
    (member, sender) => new Outbox(crowd, member, sender, messages, textBytes),
  );
  const expected = messages * crowd.roomSize;
  const latencies = new Float64Array(timed ? expected : 0);
  const sentAt = new Float64Array(timed ? messages : 0);
  let [deliveries, acknowledged, timings, maxLateMs] = [0, 0, 0, 0];
  let timer: NodeJS.Timeout | undefined;
  const drained = Promise.withResolvers<void>();
  const change = new ChangeReader();

  for (const [place, { socket, versions }] of crowd.members.entries()) {
    const outbox = outboxes[place];
    let answered = 0;
    socket.listen(
      (bytes, start, end) => {
        if (isChange(bytes, start)) {
          change.read(bytes, start);
          const room = crowd.roomPlaces.get(change.roomTail) ?? -1;
          if (change.from !== (versions[room] ?? 0) + 1) return drained.reject(outOfOrder(bytes, start, end));
          versions[room] = change.version;
          if (timed) {
            latencies[timings] = performance.now() - (sentAt[change.idTail] ?? 0);
            timings += 1;
          }
          deliveries += change.version - change.from + 1;
        } else if (isAnswer(bytes, start) && isOutput(bytes, start)) answered += 1;
        else drained.reject(new Error(`not what was expected: ${bytes.toString('utf8', start, end)}`));
      },
      () => {
        acknowledged += answered;
        if (!timed) outbox?.send(answered);
        answered = 0;
        if (acknowledged >= messages && deliveries >= expected) drained.resolve();
      },
    );
  }

  const began = performance.now();
  if ('window' in pace) for (const outbox of outboxes) outbox.send(pace.window);
  else timer = sendAtRate(pace.rate);
  const stalled = AbortSignal.timeout(stallLimitMs + (timed ? (1_000 * messages) / pace.rate : 0));
  try {
    await unlessEnded(drained.promise, AbortSignal.any([signal, stalled]));
  } catch (error) {
    const state = `${acknowledged} of ${messages} acknowledged, ${deliveries} of ${expected} delivered`;
    throw new Error(`the round was not finished: ${state}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
  const seconds = (performance.now() - began) / 1_000;
  if (deliveries !== expected || acknowledged !== messages) {
    throw new Error(
      `${deliveries} deliveries of ${expected}, ${acknowledged} acknowledgements of ${messages}`,
    );
  }
  return { seconds, latencies: latencies.subarray(0, timings).sort(), maxLateMs };

  /** Message after message, each by the next sender; due by the clock, not by what came back. */
  function sendAtRate(rate: number): NodeJS.Timeout {
    let sent = 0;
    return setInterval(() => {
      const now = performance.now();
      const due = Math.min(messages, Math.floor(((now - began) * rate) / 1_000));
      maxLateMs = Math.max(maxLateMs, due > sent ? now - began - (sent * 1_000) / rate : 0);
      for (; sent < due; sent += 1) {
        sentAt[sent] = performance.now();
        outboxes[sent % outboxes.length]?.send(1);
      }
    }, tickMs);
  }
}

function outOfOrder(bytes: Buffer, start: number, end: number): Error {
  return new Error(`a hole, an overlap or an unknown room: ${bytes.toString('utf8', start, end)}`);
}

/** What one member sends in a round, as frames made before the clock starts; several go in one write. */
class Outbox {
  readonly #member: Member;
  readonly #frames: Buffer;
  /** Where the frames end. */
  readonly #ends: number[] = [];
  #sent = 0;
  #sentBytes = 0;

  /** Of all the round's messages, dealt out in turn, `sender` has every n-th, and puts it into its rooms in turn. */
  constructor(crowd: Crowd, member: Member, sender: number, messages: number, textBytes: number) {
    this.#member = member;
    const senders = crowd.members.length;
    const frames: Buffer[] = [];
    let end = 0;
    for (const nth of places(Math.ceil((messages - sender) / senders))) {
      const place = sender + nth * senders;
      const room = crowd.rooms[member.rooms[nth % member.rooms.length] ?? 0] ?? '';
      const id = idWithTail(uuidv7(), place);
      const input = { room, id, text: textOf(place, textBytes) };
      const frame = clientFrame(JSON.stringify({ ref: place, op: 'message.send', input }));
      end += frame.length;
      this.#ends.push(end);
      frames.push(frame);
    }
    this.#frames = Buffer.concat(frames);
  }

  /** The next messages, as many as there are left. */
  send(count: number): void {
    this.#sent = Math.min(this.#sent + count, this.#ends.length);
    const end = this.#ends[this.#sent - 1] ?? 0;
    if (end > this.#sentBytes) this.#member.socket.write(this.#frames.subarray(this.#sentBytes, end));
    this.#sentBytes = end;
  }
}
