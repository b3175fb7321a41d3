import { batch, computed, signal } from '@preact/signals';
import { titleOf } from './people.ts';
import { Timeline } from './timeline.ts';
/** A connected person's chat, as signals: what the client tells by events, for the views to read. */
export class Chat {
    client;
    #connection;
    /** Counted up whenever something in the client has changed: it holds its state in place. */
    #roomsChanged = signal(0);
    #outgoingChanged = signal(0);
    #hasSynced = signal(false);
    #storageFailed = signal(false);
    #unlisten;
    #timeline;
    /** The rooms, by name: they stay where they are. */
    rooms;
    /** The direct messages, those spoken in last first. */
    directs;
    constructor(client) {
        this.client = client;
        this.#connection = signal(client.state);
        const entries = computed(() => {
            this.#roomsChanged.value;
            return [...client.rooms.values()].sort((a, b) => b.activity - a.activity).map(entryOf);
        });
        this.rooms = computed(() => entries.value.filter(({ info }) => info.kind !== 'direct').sort(byTitle));
        this.directs = computed(() => entries.value.filter(({ info }) => info.kind === 'direct'));
        const roomsChanged = () => void this.#roomsChanged.value++;
        this.#unlisten = [
            client.on('state', state => this.#follow(state)),
            client.on('change', roomsChanged),
            client.on('reset', roomsChanged),
            client.on('joined', roomsChanged),
            client.on('left', roomsChanged),
            client.on('read', roomsChanged),
            client.on('outgoing', () => void this.#outgoingChanged.value++),
            client.on('error', ({ code }) => {
                if (code === 'storage_failed')
                    this.#storageFailed.value = true;
            }),
        ];
    }
    /** Of the first connection on: what is shown is a person's real list. */
    get hasSynced() {
        return this.#hasSynced.value;
    }
    /** The browser keeps nothing: what is unsent doesn't survive a reload. */
    get storageFailed() {
        return this.#storageFailed.value;
    }
    get connection() {
        return this.#connection.value ?? this.client.state;
    }
    get me() {
        this.#connection.value;
        return this.client.me;
    }
    /** Messages on their way, or failed; those of one room if it is given. */
    outgoing(room) {
        this.#outgoingChanged.value;
        // A message that has arrived leaves the outbox by a change of its room.
        this.#roomsChanged.value;
        const all = this.client.outgoing;
        return room === undefined ? all : all.filter(message => message.room === room);
    }
    room(id) {
        this.#roomsChanged.value;
        return this.client.rooms.get(id);
    }
    /** The timeline of the room that is open: one at a time. */
    timeline(replica) {
        if (this.#timeline?.replica !== replica) {
            this.#timeline?.dispose();
            this.#timeline = new Timeline(this.client, replica);
        }
        return this.#timeline;
    }
    async signOut({ everywhere }) {
        await this.client.logout({ everywhere });
    }
    dispose() {
        for (const unlisten of this.#unlisten)
            unlisten();
        this.#timeline?.dispose();
        this.client.close();
    }
    #follow(state) {
        batch(() => {
            this.#connection.value = state;
            if (state.name === 'live')
                this.#hasSynced.value = true;
        });
    }
}
function entryOf({ id, info, unread }) {
    return { id, info, title: titleOf(info), unread };
}
const names = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
const byTitle = (a, b) => names.compare(a.title, b.title);
