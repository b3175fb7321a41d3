import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Chat } from './chat.ts';

/** What is said about the connection. Nothing, while it is well or has only just been lost. */
export type Notice = 'offline' | 'reconnecting' | 'complete' | undefined;

/** An outage shorter than this is nobody's business. */
const silentMs = 2_000;
/** How long it is said that all is well again. */
const completeMs = 4_000;

/** Watches the connection of a chat. */
export class ConnectionNotice {
  readonly #notice = signal<Notice>(undefined);
  readonly #isOnline = signal(navigator.onLine);
  readonly #stop: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(chat: Chat) {
    const hear = () => {
      const isBack = navigator.onLine && !this.#isOnline.value;
      // A connection from before may be dead without knowing it, and the next attempt be far away.
      if (isBack) chat.client.close();
      this.#isOnline.value = navigator.onLine;
      if (isBack) chat.client.connect();
    };
    addEventListener('online', hear);
    addEventListener('offline', hear);
    const stopWatching = effect(() => this.#watch(chat.connection.name === 'live' && this.#isOnline.value));
    this.#stop = () => {
      stopWatching();
      clearTimeout(this.#timer);
      removeEventListener('online', hear);
      removeEventListener('offline', hear);
    };
  }

  get value(): ReadonlySignal<Notice> {
    return this.#notice;
  }

  dispose(): void {
    this.#stop();
  }

  #watch(isLive: boolean): void {
    const shown = this.#notice.peek();
    const isOut = shown === 'offline' || shown === 'reconnecting';
    if (isLive) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#notice.value = isOut ? 'complete' : shown;
      if (isOut) this.#timer = setTimeout(() => this.#say(undefined), completeMs);
    } else if (isOut) {
      this.#notice.value = this.#isOnline.value ? 'reconnecting' : 'offline';
    } else {
      this.#notice.value = undefined;
      // Attempts come and go: the silence is counted from the first.
      clearTimeout(shown === 'complete' ? this.#timer : undefined);
      if (shown === 'complete') this.#timer = undefined;
      this.#timer ??= setTimeout(
        () => this.#say(this.#isOnline.peek() ? 'reconnecting' : 'offline'),
        silentMs,
      );
    }
  }

  #say(notice: Notice): void {
    this.#timer = undefined;
    this.#notice.value = notice;
  }
}
