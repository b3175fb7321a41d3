/** Kept this long after the last key. */
const settleMs = 300;
/** What was typed in one room and not sent: read when the room opens, kept while one types. */
export class DraftKeeper {
    #client;
    #room;
    #leaving = () => this.#flush();
    #unsaved;
    #timer;
    /** @param found called with the draft, if there is one. */
    constructor(client, room, found) {
        this.#client = client;
        this.#room = room;
        void client.draft(room).then(draft => draft !== '' && this.#unsaved === undefined && found(draft));
        addEventListener('pagehide', this.#leaving);
    }
    keep(text) {
        this.#unsaved = text;
        clearTimeout(this.#timer);
        // What was sent must not come back.
        if (text === '')
            this.#flush();
        else
            this.#timer = setTimeout(() => this.#flush(), settleMs);
    }
    dispose() {
        removeEventListener('pagehide', this.#leaving);
        this.#flush();
    }
    #flush() {
        clearTimeout(this.#timer);
        if (this.#unsaved === undefined)
            return;
        void this.#client.saveDraft(this.#room, this.#unsaved);
        this.#unsaved = undefined;
    }
}
