import { effect, signal } from '@preact/signals';
/** An outage shorter than this is nobody's business. */
const silentMs = 2000;
/** How long it is said that all is well again. */
const completeMs = 4000;
/** Watches the connection of a chat. */
export class ConnectionNotice {
    #notice = signal(undefined);
    #isOnline = signal(navigator.onLine);
    #stop;
    #timer;
    constructor(chat) {
        const hear = () => {
            this.#isOnline.value = navigator.onLine;
            // The network is back: no need to wait for the next attempt.
            if (navigator.onLine && chat.client.state.name === 'waiting')
                chat.client.connect();
        };
        addEventListener('online', hear);
        addEventListener('offline', hear);
        const stopWatching = effect(() => this.#watch(chat.connection.name === 'live', this.#isOnline.value));
        this.#stop = () => {
            stopWatching();
            clearTimeout(this.#timer);
            removeEventListener('online', hear);
            removeEventListener('offline', hear);
        };
    }
    get value() {
        return this.#notice;
    }
    dispose() {
        this.#stop();
    }
    #watch(isLive, isOnline) {
        const shown = this.#notice.peek();
        const isOut = shown === 'offline' || shown === 'reconnecting';
        if (isLive) {
            clearTimeout(this.#timer);
            this.#timer = undefined;
            this.#notice.value = isOut ? 'complete' : shown;
            if (isOut)
                this.#timer = setTimeout(() => this.#say(undefined), completeMs);
        }
        else if (isOut) {
            this.#notice.value = isOnline ? 'reconnecting' : 'offline';
        }
        else {
            this.#notice.value = undefined;
            // Attempts come and go: the silence is counted from the first.
            clearTimeout(shown === 'complete' ? this.#timer : undefined);
            if (shown === 'complete')
                this.#timer = undefined;
            this.#timer ??= setTimeout(() => this.#say(navigator.onLine ? 'reconnecting' : 'offline'), silentMs);
        }
    }
    #say(notice) {
        this.#timer = undefined;
        this.#notice.value = notice;
    }
}
