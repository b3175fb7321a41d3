import { effect } from '@preact/signals';
import type { Chat } from './chat.ts';

/** The only name that the page's policy lets make scripts' addresses, for the only one that is needed. */
const workerAddress = '/sw.js';
/** How often a page that stays open asks whether there is a newer one. */
const lookEveryMs = 60 * 60 * 1000;

/** Where browsers have them: what makes a string an address of a script. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): {
    createScriptURL(address: string): string;
  };
}

/** The page's versions: the one that is shown, and the newer one that the server may have. */
export class Updates {
  #registration: ServiceWorkerRegistration | undefined;

  /**
   * Registers the service worker, which keeps the page for when there is no network.
   * @param onNew called when another version is there; what it is given replaces this one by the newest, and loads the page
   * anew.
   */
  async watch(onNew: (replace: () => void) => void): Promise<void> {
    if (!('serviceWorker' in navigator)) return;
    const registration = await navigator.serviceWorker.register(trusted(workerAddress));
    this.#registration = registration;
    const tell = () => {
      // Without one in charge, the one that waits is the first, and of the version that is shown.
      if (registration.waiting && navigator.serviceWorker.controller)
        onNew(() => replaceByNewest(registration));
    };
    const follow = () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => installing.state === 'installed' && tell());
    };
    tell();
    follow();
    registration.addEventListener('updatefound', follow);
    setInterval(() => this.look(), lookEveryMs);
  }

  /** Asks the server whether there is a newer one; without an answer it is asked another time. */
  look(): void {
    this.#registration?.update().catch(() => undefined);
  }
}

/** A server that was away may have come back with another version. @returns what ends it. */
export function lookAfterOutages(chat: Chat, updates: Updates): () => void {
  let wasLive = false;
  return effect(() => {
    const isLive = chat.connection.name === 'live';
    if (isLive && wasLive) updates.look();
    wasLive ||= isLive;
  });
}

/** Loads the page anew from the server, whatever was kept: the kept version may be the one that the server refuses. */
export async function reloadFromServer(): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.unregister();
  } finally {
    location.reload();
  }
}

function replaceByNewest({ waiting }: ServiceWorkerRegistration): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  // Another tab may have done it already.
  if (waiting) waiting.postMessage('take-over');
  else location.reload();
}

function trusted(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('papo', {
    createScriptURL(asked) {
      if (asked !== workerAddress) throw new TypeError(`not a script of this page: ${asked}`);
      return asked;
    },
  });
  return policy?.createScriptURL(address) ?? address;
}
