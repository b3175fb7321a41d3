import type { Message, OutgoingMessage, Sender } from 'papo/sdk';

/** `stored`: everyone has it. The others are one's own on their way. */
export type Delivery = 'stored' | 'queued' | 'sending' | 'failed';

/** One message as the timeline shows it. What it looks like depends on the message before it, never on the one after. */
export interface Row {
  /** Stays the same when one's own message turns from sent to stored: the same row on the screen. */
  readonly key: string;
  readonly id: string;
  /** Its place in the room, once stored. */
  readonly seq: number | undefined;
  readonly sender: Sender;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isMine: boolean;
  readonly delivery: Delivery;
  /** Why it will never be stored, once failed. */
  readonly failure: string | undefined;
  readonly startsDay: boolean;
  /** Shows who says it: another one than before, or after a while. */
  readonly startsGroup: boolean;
  readonly isFirstUnread: boolean;
}

/** What a row needs of the one before it. */
export type Before = Pick<Row, 'at' | 'sender'>;

/** One person's messages stand together when no more than this lies between them. */
const groupMs = 5 * 60 * 1000;

/** What the rows of a timeline have in common. */
type Readers = { me: string | undefined; firstUnread: number | undefined };

/**
 * Rows of stored messages. Each is made once, for as long as it would be the same again: whenever history comes in, the view
 * asks for all of them.
 */
export class StoredRows {
  readonly #made = new WeakMap<Message, { row: Row; before: Message | undefined }>();

  of(message: Message, before: Message | undefined, readers: Readers): Row {
    const made = this.#made.get(message);
    if (made && made.before === before && isStill(made.row, readers)) return made.row;
    const row = storedRow(message, before && asBefore(before), readers);
    this.#made.set(message, { row, before });
    return row;
  }
}

function isStill({ seq, sender, isFirstUnread, isMine }: Row, { me, firstUnread }: Readers): boolean {
  return isFirstUnread === (seq === firstUnread) && isMine === (sender.id === me);
}

export function asBefore({ at, sender }: Message): Before {
  return { at: Date.parse(at), sender };
}

function storedRow(message: Message, before: Before | undefined, { me, firstUnread }: Readers): Row {
  const { id, seq, sender, text } = message;
  const at = Date.parse(message.at);
  const isFirstUnread = seq === firstUnread;
  return {
    ...{ key: keyOf(sender.id, id), id, seq, sender, text, at, isFirstUnread },
    ...placed({ at, sender }, before, isFirstUnread),
    isMine: sender.id === me,
    delivery: 'stored',
    failure: undefined,
  };
}

export function outgoingRow(message: OutgoingMessage, before: Before | undefined, sender: Sender): Row {
  const { id, text, at, state, error } = message;
  return {
    ...{ key: keyOf(sender.id, id), id, seq: message.message?.seq, sender, text, at },
    ...placed({ at, sender }, before, false),
    isFirstUnread: false,
    isMine: true,
    delivery: state === 'sent' ? 'stored' : state === 'discarded' ? 'failed' : state,
    failure: error?.code,
  };
}

export const keyOf = (sender: string, id: string) => `${sender}/${id}`;

function placed({ at, sender }: Before, before: Before | undefined, isFirstUnread: boolean) {
  const startsDay = !before || !isSameDay(at, before.at);
  const startsGroup =
    startsDay || isFirstUnread || before?.sender.id !== sender.id || at - (before?.at ?? 0) > groupMs;
  return { startsDay, startsGroup };
}

function isSameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
