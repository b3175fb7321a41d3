import type { Message } from '../contract/objects.ts';
import { backoffMs } from './backoff.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import type { KeptMessage } from './outbox-store.ts';
import type { Clock } from './runtime.ts';

/**
 * `queued`: waits for its turn or for a connection. `sending`: undecided. `sent` and `failed`: decided. `discarded`: failed,
 * and then forgotten, here or on another page.
 */
export type OutgoingState = 'queued' | 'sending' | 'sent' | 'failed' | 'discarded';

/** A message on its way. It changes in place; each change of `state` is an `outgoing` event. */
export interface OutgoingMessage {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  /** When it was handed over, in milliseconds since 1970. */
  readonly at: number;
  readonly state: OutgoingState;
  /** As it stands in the room, once `sent`. */
  readonly message: Message | undefined;
  /** Why it will never appear, once `failed`. */
  readonly error: ChatError | undefined;
  /** Settles once decided: resolves when `sent`, rejects when `failed`. May be ignored. Undecided, it waits for ever. */
  readonly done: Promise<Message>;
}

class Entry implements OutgoingMessage {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  readonly at: number;
  state: OutgoingState = 'queued';
  message: Message | undefined;
  error: ChatError | undefined;
  tries = 0;
  /** Another page, which has it too, is to send it first. */
  yields = false;
  /** By an earlier visit: it goes before what this one writes. */
  isLeft = false;
  #decision = Promise.withResolvers<Message>();

  constructor(id: string, room: string, text: string, at: number) {
    this.id = id;
    this.room = room;
    this.text = text;
    this.at = at;
    this.requeue();
  }

  get done(): Promise<Message> {
    return this.#decision.promise;
  }

  requeue(): void {
    this.state = 'queued';
    this.error = undefined;
    this.tries = 0;
    this.#decision = Promise.withResolvers();
    // Whoever ignores `done` must not be told of an unhandled rejection.
    this.done.catch(() => undefined);
  }

  sent(message: Message): void {
    this.state = 'sent';
    this.message = message;
    this.error = undefined;
    this.#decision.resolve(message);
  }

  failed(error: ChatError): void {
    this.state = 'failed';
    this.error = error;
    this.#decision.reject(error);
  }
}

/** One room's messages in order. Only the first is ever under way (`busy`: sent, or waiting to be sent again). */
interface RoomQueue {
  entries: Entry[];
  busy: Entry | undefined;
}

export interface OutboxOptions {
  clock: Clock;
  random: () => number;
  newId: () => string;
  isLive: () => boolean;
  /** Whether a message that was answered stands in its room's replica, or never will. */
  isShown: (room: string, message: Message) => boolean;
  /** Whether a message of one's own with this id stands in its room's replica. */
  isStored: (room: string, id: string) => boolean;
  deliver: (message: OutgoingMessage) => Promise<Message>;
  onChange: (message: OutgoingMessage) => void;
}

/**
 * What was handed over for sending and isn't decided. Per room in order, one undecided at a time: were two under way and
 * the first to be tried again, the second would overtake it. An undecided message is sent again with its id for ever;
 * the server stores it once.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queues = new Map<string, RoomQueue>();
  readonly #failed = new Set<Entry>();
  /** Answered, and not in the replica yet. */
  readonly #landing = new Set<Entry>();
  #undecided = 0;
  /** The server counts a user's messages over all rooms: after `rate_limited` none goes out until the wait is over. */
  #pauses = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Those whose change is on its way, undecided ones, per room in order, then failed ones. */
  list(): OutgoingMessage[] {
    return [
      ...this.#landing,
      ...[...this.#queues.values()].flatMap(({ entries }) => entries),
      ...this.#failed,
    ];
  }

  /** @param id of its own: again the same is the message that is on its way, or has failed and is tried anew. */
  add(room: string, text: string, id = this.#options.newId()): OutgoingMessage {
    // As the server writes it.
    const key = id.toLowerCase();
    const known = this.#queues.get(room)?.entries.find(entry => entry.id === key);
    if (known && known.text !== text) throw new ChatError('id_conflict', 'the id is that of another text');
    if (known) return known;
    const failed = this.#failedOne(key, room);
    if (failed) this.#failed.delete(failed);
    if (this.#undecided >= defaults.maxOutbox) {
      throw new ChatError('outbox_full', `${defaults.maxOutbox} messages are undecided`);
    }
    return this.#enqueue(new Entry(key, room, text, this.#options.clock.now()));
  }

  /** Goes on with every room: there is a connection. */
  resume(): void {
    for (const queue of [...this.#queues.values()]) this.#pump(queue);
  }

  /** Messages of a room have become known; one's own among them are sent, whether or not the answer came. */
  settle(room: string, messages: readonly Message[]): void {
    for (const message of messages) {
      const entry = this.#queues.get(room)?.entries.find(({ id }) => id === message.id);
      const failed = this.#failedOne(message.id, room);
      if (entry) this.#sent(entry, message);
      else if (failed) {
        this.#failed.delete(failed);
        failed.sent(message);
        this.#options.onChange(failed);
      }
    }
    for (const entry of this.#landing) if (this.#isShown(entry)) this.#landing.delete(entry);
  }

  /**
   * Takes in what a store keeps, in its order. What pages have left behind goes out before what was handed over here
   * meanwhile (`isFirst`); what another page has just been given goes out from here only if it doesn't, soon.
   */
  adopt(kept: readonly KeptMessage[], isFirst: boolean): void {
    for (const failed of this.#failed) {
      const now = kept.find(({ id, room }) => id === failed.id && room === failed.room);
      if (isFirst || now?.error) continue;
      // Discarded there, or tried again.
      this.#drop(failed);
    }
    const held = this.list();
    const left = kept.filter(
      ({ id, room }) =>
        !held.some(entry => entry.id === id && entry.room === room) &&
        // Another page has sent it and not yet forgotten it: its change was quicker.
        !this.#options.isStored(room, id),
    );
    for (const { id, room, text, at, error } of left) {
      const entry = new Entry(id, room, text, at);
      entry.isLeft = isFirst;
      if (error) {
        this.#setAside(entry, new ChatError(error.code, error.message));
        this.#options.onChange(entry);
      } else this.#enqueue(entry, !isFirst);
    }
    for (const { entries } of this.#queues.values())
      entries.sort((a, b) => Number(b.isLeft) - Number(a.isLeft));
  }

  #isShown({ room, message }: Entry): boolean {
    return message !== undefined && this.#options.isShown(room, message);
  }

  /** Sends a failed message again, at the end of its room's queue and with the same id. `false`: there is none. */
  retry(id: string): boolean {
    const entry = this.#failedOne(id);
    if (!entry || this.#undecided >= defaults.maxOutbox) return false;
    this.#failed.delete(entry);
    entry.requeue();
    this.#enqueue(entry);
    return true;
  }

  /** Forgets a failed message. `false`: there is none. */
  discard(id: string): boolean {
    const entry = this.#failedOne(id);
    if (entry) this.#drop(entry);
    return entry !== undefined;
  }

  #failedOne(id: string, room?: string): Entry | undefined {
    return [...this.#failed].find(entry => entry.id === id && (room === undefined || entry.room === room));
  }

  #drop(entry: Entry): void {
    this.#failed.delete(entry);
    entry.state = 'discarded';
    this.#options.onChange(entry);
  }

  #enqueue(entry: Entry, yields = false): Entry {
    const queue: RoomQueue = this.#queues.get(entry.room) ?? { entries: [], busy: undefined };
    this.#queues.set(entry.room, queue);
    queue.entries.push(entry);
    if (yields) {
      entry.yields = true;
      this.#options.clock.after(defaults.yieldMs, () => {
        entry.yields = false;
        this.resume();
      });
    }
    this.#undecided++;
    this.#options.onChange(entry);
    this.#pump(queue);
    return entry;
  }

  #pump(queue: RoomQueue): void {
    const [entry] = queue.entries;
    if (!entry || entry.yields || queue.busy || this.#pauses > 0 || !this.#options.isLive()) return;
    queue.busy = entry;
    entry.state = 'sending';
    this.#options.onChange(entry);
    this.#options.deliver(entry).then(
      message => this.#sent(entry, message),
      thrown => this.#notSent(queue, entry, thrown),
    );
  }

  #sent(entry: Entry, message: Message): void {
    if (!this.#remove(entry)) return;
    entry.sent(message);
    if (!this.#isShown(entry)) this.#landing.add(entry);
    this.#goOnAfter(entry);
  }

  #notSent(queue: RoomQueue, entry: Entry, thrown: unknown): void {
    // Its own message in a Delta may have decided it meanwhile.
    if (entry.state !== 'sending') return;
    const error = ChatError.of(thrown);
    if (!error.retryable) {
      this.#fail(entry, error);
      return;
    }
    if (this.#options.isLive()) this.#tryLater(queue, entry, error);
    else queue.busy = undefined;
    entry.state = 'queued';
    this.#options.onChange(entry);
  }

  #tryLater(queue: RoomQueue, entry: Entry, { code, retryAfterMs = 0 }: ChatError): void {
    const { clock, random } = this.#options;
    const waitMs = Math.max(retryAfterMs, backoffMs(entry.tries++, random));
    if (code === 'rate_limited') {
      this.#pauses++;
      queue.busy = undefined;
      clock.after(waitMs, () => {
        this.#pauses--;
        this.resume();
      });
      return;
    }
    clock.after(waitMs, () => {
      if (queue.busy !== entry) return;
      queue.busy = undefined;
      this.#pump(queue);
    });
  }

  #fail(entry: Entry, error: ChatError): void {
    this.#remove(entry);
    this.#setAside(entry, error);
    this.#goOnAfter(entry);
  }

  #setAside(entry: Entry, error: ChatError): void {
    entry.failed(error);
    this.#failed.add(entry);
    const [oldest = entry] = this.#failed;
    if (this.#failed.size > defaults.maxFailed) this.#drop(oldest);
  }

  /** Takes it out of its queue. `false`: it was decided before. */
  #remove(entry: Entry): boolean {
    const queue = this.#queues.get(entry.room);
    const at = queue?.entries.indexOf(entry) ?? -1;
    if (!queue || at < 0) return false;
    queue.entries.splice(at, 1);
    if (queue.busy === entry) queue.busy = undefined;
    if (queue.entries.length === 0) this.#queues.delete(entry.room);
    this.#undecided--;
    return true;
  }

  #goOnAfter(entry: Entry): void {
    this.#options.onChange(entry);
    const queue = this.#queues.get(entry.room);
    if (queue) this.#pump(queue);
  }
}
