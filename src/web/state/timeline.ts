import { batch, effect, signal } from '@preact/signals';
import type { ChatClient, Delta, Message, OutgoingMessage, RoomReplica, Sender } from 'papo/sdk';
import { isAttending } from './attention.ts';
import { MessageWindow } from './message-window.ts';
import { asBefore, keyOf, outgoingRow, type Row, StoredRows } from './row.ts';

/** How far one end of the timeline is known. `done`: there is nothing beyond. */
export type Edge = 'done' | 'more' | 'loading' | 'failed';

const pageSize = 100;
/** Messages shown above the first unread one, for context. */
const contextBefore = 20;
/** Among so many of the newest messages one's own are looked for that are said to be on their way. */
const recentMessages = 500;

/**
 * One open room, to be read: a run of its messages, longer at either end as one scrolls. It begins at the first unread
 * message; as long as it doesn't reach the newest one, what is said meanwhile is only counted.
 */
export class Timeline {
  readonly replica: RoomReplica;
  readonly #client: ChatClient;
  readonly #window = new MessageWindow();
  readonly #storedRows = new StoredRows();
  readonly #changed = signal(0);
  readonly #older = signal<Edge>('loading');
  readonly #newer = signal<Edge>('loading');
  /** The view says so: the newest message is in view. */
  readonly isAtEnd = signal(false);
  /** Counts how often the end was wished for, and is there. */
  readonly jumps = signal(0);
  readonly #seenSeq = signal(0);
  readonly #unlisten: (() => void)[];
  #outgoing: readonly OutgoingMessage[] = [];
  #firstUnread: number | undefined;
  /** Counts openings: an answer to an earlier one is no longer wanted. */
  #opening = 0;
  /** The last growth was something said just now: whoever is at the end follows it. */
  #grewLive = false;
  /** What couldn't be loaded at the newer end is the newest message, not what comes next. */
  #isJumpFailed = false;

  constructor(client: ChatClient, replica: RoomReplica) {
    this.#client = client;
    this.replica = replica;
    const isMine = ({ room }: { room: RoomReplica }) => room === replica;
    this.#unlisten = [
      client.on('change', event => isMine(event) && this.#take(event.delta)),
      client.on('reset', event => isMine(event) && this.#rejoin()),
      client.on('outgoing', ({ room }) => room === replica.id && this.#grow({ live: true })),
      client.on('state', ({ name }) => name === 'live' && this.#retryFailed()),
      effect(() => {
        if (this.isAtEnd.value && isAttending.value && this.isComplete) this.#markRead();
      }),
    ];
    void this.#open(this.#firstWanted());
  }

  dispose(): void {
    this.#opening++;
    for (const unlisten of this.#unlisten) unlisten();
  }

  get older(): Edge {
    return this.#older.value;
  }

  get newer(): Edge {
    return this.#newer.value;
  }

  /** It reaches the newest message, and follows. */
  get isComplete(): boolean {
    this.#changed.value;
    return this.#newer.value === 'done';
  }

  get grewLive(): boolean {
    return this.#grewLive;
  }

  /**
   * How many rows there are. The oldest message held is not shown before the one above it is known: whether it begins a
   * day or a group depends on that, and nothing that is on the screen may change its height when history arrives.
   */
  get length(): number {
    this.#changed.value;
    return Math.max(0, this.#window.length - this.#hidden) + this.#outgoing.length + this.#heads;
  }

  /** The first row stands for the beginning of the room: it is `undefined`. */
  row(index: number): Row | undefined {
    const place = this.#placeOf(index);
    const message = this.#window.at(place);
    const me = this.#client.me;
    if (message) {
      const readers = { me: me?.id, firstUnread: this.#firstUnread };
      return this.#storedRows.of(message, this.#window.at(place - 1), readers);
    }
    const at = place - this.#window.length;
    const outgoing = this.#outgoing[at];
    if (!outgoing) return undefined;
    const sender: Sender = me ?? { id: 'me', username: '', displayName: '' };
    const earlier = this.#outgoing[at - 1];
    const last = this.#window.at(this.#window.length - 1);
    return outgoingRow(outgoing, earlier ? { at: earlier.at, sender } : last && asBefore(last), sender);
  }

  /** Stays a row's own when others come before it. */
  readonly key = (index: number): string => {
    const place = this.#placeOf(index);
    if (place < 0) return 'beginning';
    const message = this.#window.at(place);
    if (message) return keyOf(message.sender.id, message.id);
    return keyOf(this.#client.me?.id ?? 'me', this.#outgoing[place - this.#window.length]?.id ?? '');
  };

  /** The row at which reading goes on; absent: at the end. */
  get firstUnreadIndex(): number | undefined {
    if (this.#firstUnread === undefined) return undefined;
    const place = this.#firstUnread - this.#window.from;
    return place >= this.#hidden && place < this.#window.length
      ? place - this.#hidden + this.#heads
      : undefined;
  }

  /** What others said below what has been seen. */
  get newBelow(): number {
    this.#changed.value;
    const seen = this.#seenSeq.value;
    if (!this.isComplete) return Math.max(0, this.replica.info.lastSeq - seen);
    let count = 0;
    for (let seq = this.#window.to; seq > seen; seq--) {
      const message = this.#window.bySeq(seq);
      if (message && !this.#isMine(message)) count++;
    }
    return count;
  }

  /** The view has shown everything up to this row. */
  see(index: number): void {
    const seq = this.row(index)?.seq ?? 0;
    if (seq > this.#seenSeq.peek()) this.#seenSeq.value = seq;
  }

  /** Asks for what comes before, unless that is under way or nothing does. */
  async loadOlder({ again = false } = {}): Promise<void> {
    if (this.#older.peek() !== (again ? 'failed' : 'more')) return;
    this.#older.value = 'loading';
    const opening = this.#opening;
    try {
      const page = await this.#read({ before: this.#window.from });
      if (opening !== this.#opening) return;
      batch(() => {
        this.#window.prepend(page.messages);
        this.#grow({ live: false });
      });
    } catch {
      // Why doesn't matter to the reader: it is said in its place, with a way to try again.
      if (opening === this.#opening) this.#older.value = 'failed';
    }
  }

  /** Asks for what comes after, unless that is under way or nothing does. */
  async loadNewer({ again = false } = {}): Promise<void> {
    if (this.#newer.peek() !== (again ? 'failed' : 'more')) return;
    this.#newer.value = 'loading';
    this.#isJumpFailed = false;
    const opening = this.#opening;
    try {
      const page = await this.#read({ after: this.#window.to });
      if (opening !== this.#opening) return;
      batch(() => {
        this.#window.append(page.messages);
        this.#grow({ live: false });
      });
    } catch {
      if (opening === this.#opening) this.#newer.value = 'failed';
    }
  }

  /** To the newest message: opened anew there, if it doesn't reach that far. The view scrolls, once it is there. */
  toNewest(): void {
    if (this.isComplete) this.jumps.value++;
    else void this.#open(undefined, { jump: true });
  }

  /** After what comes next, or the newest, couldn't be loaded. */
  retryNewer(): void {
    if (this.#isJumpFailed) this.toNewest();
    else void this.loadNewer({ again: true });
  }

  /** After a failure at the very beginning. */
  reopen(): void {
    void this.#open(this.#firstWanted());
  }

  get #hidden(): number {
    return this.#window.from > 1 && this.#window.length > 0 ? 1 : 0;
  }

  /** Rows before the first message: the one that says where the room begins, once that is known. */
  get #heads(): number {
    return this.#older.peek() === 'done' ? 1 : 0;
  }

  #placeOf(index: number): number {
    return index + this.#hidden - this.#heads;
  }

  /**
   * What is on its way to this room, below what stands in it. What another tab has just sent may come from there after it
   * has come from the server: it is shown once.
   */
  #findOutgoing(): readonly OutgoingMessage[] {
    if (this.#newer.peek() !== 'done') return [];
    const { id } = this.replica;
    const all = this.#client.outgoing.filter(({ room, state }) => room === id && state !== 'discarded');
    if (all.length === 0) return all;
    const stored = new Set(
      this.#window
        .last(recentMessages)
        .filter(it => this.#isMine(it))
        .map(it => it.id),
    );
    return all.filter(message => !stored.has(message.id));
  }

  /** The first seq of what is to be shown at the beginning; absent: the newest page. */
  #firstWanted(): number | undefined {
    const { info, unread } = this.replica;
    return unread > 0 ? Math.max(1, (info.readSeq ?? info.lastSeq) + 1 - contextBefore) : undefined;
  }

  /** @param jump it is a wish to be at the end. */
  async #open(wanted: number | undefined, { jump = false } = {}): Promise<void> {
    const opening = ++this.#opening;
    this.#isJumpFailed = false;
    const { info, messages, completeFrom } = this.replica;
    this.#seenSeq.value = info.readSeq ?? info.lastSeq;
    const isHeld = (messages.length > 0 || info.lastSeq === 0) && (wanted ?? completeFrom) >= completeFrom;
    if (isHeld) {
      this.#begin(messages, { jump });
      return;
    }
    batch(() => {
      this.#older.value = 'loading';
      this.#newer.value = 'loading';
    });
    try {
      const page = await this.#read(wanted === undefined ? {} : { after: wanted - 1 });
      if (opening === this.#opening) this.#begin(page.messages, { jump });
    } catch {
      if (opening !== this.#opening) return;
      if (this.#window.length === 0) {
        this.#older.value = 'failed';
        return;
      }
      // What was held before still stands there, and can be read on from.
      batch(() => {
        this.#grow({ live: false });
        if (this.#newer.peek() !== 'done') this.#newer.value = 'failed';
        this.#isJumpFailed = jump;
      });
    }
  }

  #begin(messages: readonly Message[], { jump }: { jump: boolean }): void {
    batch(() => {
      this.#window.reset(messages);
      const { info, unread } = this.replica;
      const read = info.readSeq ?? info.lastSeq;
      const reachesBack = (messages[0]?.seq ?? 1) <= read + 1;
      const first = messages.find(message => message.seq > read && !this.#isMine(message));
      this.#firstUnread = unread > 0 && reachesBack ? first?.seq : undefined;
      this.#grow({ live: false });
      if (jump) this.jumps.value++;
    });
  }

  #take(delta: Delta): void {
    for (const message of delta.messages ?? []) this.#window.replace(message);
    if (this.#newer.peek() === 'done') this.#markFirstUnread(delta.messages ?? []);
    this.#grow({ live: true });
  }

  /** The replica was replaced: what is held may no longer reach it, or, after a restore, no longer be true. */
  #rejoin(): void {
    const { info, messages } = this.replica;
    const isOther = messages.filter(message => this.#window.replace(message)).length > 0;
    if (isOther || info.lastSeq < this.#window.to || this.isAtEnd.peek())
      void this.#open(this.#firstWanted());
    else this.#grow({ live: false });
  }

  /** Something was said while nobody was looking. */
  #markFirstUnread(messages: readonly Message[]): void {
    if (this.isAtEnd.peek() && isAttending.peek()) return;
    const { readSeq = 0 } = this.replica.info;
    if (this.#firstUnread !== undefined && this.#firstUnread > readSeq) return;
    const first = messages.find(message => message.seq > this.#window.to && !this.#isMine(message));
    if (first) this.#firstUnread = first.seq;
  }

  /** Joins what the replica holds, and says where the ends are now. */
  #grow({ live }: { live: boolean }): void {
    batch(() => {
      const { messages, completeFrom, info } = this.replica;
      if (completeFrom <= this.#window.to + 1) this.#window.append(messages);
      const isComplete = this.#window.to >= info.lastSeq || completeFrom <= this.#window.to + 1;
      if (this.#older.peek() !== 'loading' || !live)
        this.#older.value = this.#window.from > 1 && this.#window.length > 0 ? 'more' : 'done';
      if (isComplete) this.#newer.value = 'done';
      else if (this.#newer.peek() !== 'loading' || !live) this.#newer.value = 'more';
      this.#outgoing = this.#findOutgoing();
      this.#grewLive = live;
      this.#changed.value++;
    });
  }

  #retryFailed(): void {
    if (this.#window.length === 0 && this.#older.peek() === 'failed') this.reopen();
    else {
      if (this.#older.peek() === 'failed') this.#older.value = 'more';
      if (this.#newer.peek() === 'failed') this.#newer.value = 'more';
    }
  }

  #markRead(): void {
    if (this.replica.unread > 0) void this.#client.markRead(this.replica.id);
  }

  #read(place: { before: number } | { after: number } | object): Promise<{ messages: Message[] }> {
    return this.#client.call('message.history', { room: this.replica.id, limit: pageSize, ...place });
  }

  #isMine({ sender }: Message): boolean {
    return sender.id === this.#client.me?.id;
  }
}
