import { signal } from '@preact/signals';
export class Dialogs {
    #open = signal(undefined);
    get current() {
        return this.#open;
    }
    open(name) {
        this.#open.value = name;
    }
    close() {
        this.#open.value = undefined;
    }
}
