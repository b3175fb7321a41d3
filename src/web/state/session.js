import { signal } from '@preact/signals';
import { ChatClient, login, register } from 'papo/sdk';
import { Chat } from './chat.ts';
const url = location.origin;
/** That somebody was signed in here: without it there is no cookie to try, and no need to ask. */
const signedInKey = 'signed-in';
/** Who is signed in on this page, and their chat. The login itself is in a cookie that no script can read. */
export class Session {
    #state = signal({ name: 'signed-out', ended: false });
    #storage;
    constructor(storage) {
        this.#storage = storage;
        if (storage.get(signedInKey) !== null)
            this.#open();
    }
    get state() {
        return this.#state;
    }
    /** @throws {ChatError} `invalid_credentials`, `rate_limited`, `unavailable`. */
    async signIn(account) {
        this.#open(await login(url, account, { cookie: true }));
    }
    /** @throws {ChatError} `username_taken`, `bad_request`, `rate_limited`, `unavailable`. */
    async register(account) {
        this.#open(await register(url, account, { cookie: true }));
    }
    /** @throws {ChatError} the server wasn't reached: still signed in. */
    async signOut(chat, { everywhere = false } = {}) {
        try {
            await chat.signOut({ everywhere });
        }
        catch (error) {
            void chat.client.connect();
            throw error;
        }
        this.#close(chat, { ended: false });
    }
    #open(grant) {
        const client = new ChatClient({ url, cookie: true, grant, outbox: indexedDbOutbox() });
        const chat = new Chat(client);
        client.on('state', state => {
            if (state.name === 'closed' && state.reason === 'unauthorized')
                this.#close(chat, { ended: true });
        });
        this.#storage.set(signedInKey, 'yes');
        this.#state.value = { name: 'signed-in', chat };
        client.connect();
    }
    #close(chat, { ended }) {
        const state = this.#state.value;
        if (state.name !== 'signed-in' || state.chat !== chat)
            return;
        this.#storage.set(signedInKey, null);
        this.#state.value = { name: 'signed-out', ended };
        chat.dispose();
    }
}
