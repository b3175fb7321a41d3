import { signal } from '@preact/signals';
/** Where the address bar stands. Going somewhere is a new entry of the history, so that Back and Forward work. */
export class Place {
    #route = signal(routeOf(location.pathname));
    constructor() {
        addEventListener('popstate', () => {
            this.#route.value = routeOf(location.pathname);
        });
    }
    get route() {
        return this.#route;
    }
    /** The room of the address, if it is one's. */
    get room() {
        const route = this.#route.value;
        return route.name === 'room' ? route.room : undefined;
    }
    go(route, { replace = false } = {}) {
        const path = pathOf(route);
        if (path === location.pathname)
            return;
        const from = this.#route.value.name;
        if (replace)
            history.replaceState(history.state, '', path);
        else
            history.pushState({ from }, '', path);
        this.#route.value = route;
    }
    /** Out of a room, to the list: a step back, if that is where one came from. */
    leaveRoom() {
        if (history.state?.from === 'home')
            history.back();
        else
            this.go({ name: 'home' });
    }
}
export function pathOf(route) {
    return route.name === 'room' ? `/r/${encodeURIComponent(route.room)}` : '/';
}
function routeOf(path) {
    const [, room] = /^\/r\/([^/]+)\/?$/.exec(path) ?? [];
    return room === undefined ? { name: 'home' } : { name: 'room', room: decoded(room) };
}
/** An address that somebody has bent may not be decodable: then it names no room that exists. */
function decoded(text) {
    try {
        return decodeURIComponent(text).toLowerCase();
    }
    catch {
        return text;
    }
}
