import { type ReadonlySignal, signal } from '@preact/signals';

export type Route = { name: 'home' } | { name: 'room'; room: string };

/** Where the address bar stands. Going somewhere is a new entry of the history, so that Back and Forward work. */
export class Place {
  readonly #route = signal(routeOf(location.pathname));

  constructor() {
    addEventListener('popstate', () => {
      this.#route.value = routeOf(location.pathname);
    });
  }

  get route(): ReadonlySignal<Route> {
    return this.#route;
  }

  /** The room of the address, if it is one's. */
  get room(): string | undefined {
    const route = this.#route.value;
    return route.name === 'room' ? route.room : undefined;
  }

  go(route: Route, { replace = false } = {}): void {
    const path = pathOf(route);
    if (path === location.pathname) return;
    const from = this.#route.value.name;
    if (replace) history.replaceState(history.state, '', path);
    else history.pushState({ from }, '', path);
    this.#route.value = route;
  }

  /** Out of a room, to the list: a step back, if that is where one came from. */
  leaveRoom(): void {
    if (history.state?.from === 'home') history.back();
    else this.go({ name: 'home' });
  }
}

export function pathOf(route: Route): string {
  return route.name === 'room' ? `/r/${encodeURIComponent(route.room)}` : '/';
}

function routeOf(path: string): Route {
  const [, room] = /^\/r\/([^/]+)\/?$/.exec(path) ?? [];
  return room === undefined ? { name: 'home' } : { name: 'room', room: decoded(room) };
}

/** An address that somebody has bent may not be decodable: then it names no room that exists. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text).toLowerCase();
  } catch {
    return text;
  }
}
