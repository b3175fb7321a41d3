import { signal } from '@preact/signals';
const shownMs = 5000;
const maxShown = 3;
/** Short news at the edge of the page. */
export class Toasts {
    #toasts = signal([]);
    #nextId = 1;
    get all() {
        return this.#toasts;
    }
    show(text, action) {
        const id = this.#nextId++;
        this.#toasts.value = [...this.#toasts.value, { id, text, ...(action && { action }) }].slice(-maxShown);
        if (!action)
            setTimeout(() => this.dismiss(id), shownMs);
    }
    dismiss(id) {
        this.#toasts.value = this.#toasts.value.filter(toast => toast.id !== id);
    }
}
