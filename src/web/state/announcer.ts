import { type ReadonlySignal, signal } from '@preact/signals';
import type { Message } from 'papo/sdk';
import type { Chat } from './chat.ts';
import type { Preferences } from './preferences.ts';

/** Said one by one up to this many; more are counted. */
const saidOneByOne = 3;
const batchMs = 1_000;

/**
 * Reads what others say in the open room to people who don't see it, through a live region of its own: the timeline
 * itself would read its history aloud. Several in a second are told at once.
 */
export class Announcer {
  readonly #text = signal('');
  readonly #preferences: Preferences;
  readonly #unlisten: () => void;
  #waiting: Message[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(chat: Chat, openRoom: () => string | undefined, preferences: Preferences) {
    this.#preferences = preferences;
    this.#unlisten = chat.client.on('change', ({ room, delta }) => {
      if (room.id === openRoom())
        this.#hear((delta.messages ?? []).filter(({ sender }) => sender.id !== chat.client.me?.id));
    });
  }

  get text(): ReadonlySignal<string> {
    return this.#text;
  }

  dispose(): void {
    this.#unlisten();
    clearTimeout(this.#timer);
  }

  #hear(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    this.#waiting.push(...messages);
    this.#timer ??= setTimeout(() => this.#say(), batchMs);
  }

  #say(): void {
    const words = this.#preferences.words.value;
    const heard = this.#waiting;
    this.#waiting = [];
    this.#timer = undefined;
    this.#text.value =
      heard.length > saidOneByOne
        ? words.manyNew(heard.length)
        : heard.map(({ sender, text }) => words.said(sender.displayName, text)).join('\n');
  }
}
