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

/**
 * Registers the service worker, which keeps the page for when there is no network.
 * @param onNew called when another version is there; what it is given replaces this one, and loads the page anew.
 */
export async function watchForNewVersion(onNew: (replace: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const registration = await navigator.serviceWorker.register(trusted(workerAddress));
  const tell = (worker: ServiceWorker) => onNew(() => replaceBy(worker));
  const watch = (worker: ServiceWorker | null) =>
    worker?.addEventListener('statechange', () => {
      // Without one in charge, this is the first, and of the version that is shown.
      if (worker.state === 'installed' && navigator.serviceWorker.controller) tell(worker);
    });
  if (registration.waiting && navigator.serviceWorker.controller) tell(registration.waiting);
  watch(registration.installing);
  registration.addEventListener('updatefound', () => watch(registration.installing));
  setInterval(() => registration.update().catch(() => undefined), lookEveryMs);
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

function replaceBy(worker: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.postMessage('take-over');
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
