/** The only name that the page's policy lets make scripts' addresses, for the only one that is needed. */
const workerAddress = '/sw.js';
/** How often a page that stays open asks whether there is a newer one. */
const lookEveryMs = 60 * 60 * 1000;
/**
 * Registers the service worker, which keeps the page for when there is no network.
 * @param onNew called when another version is there; what it is given replaces this one, and loads the page anew.
 */
export async function watchForNewVersion(onNew) {
    if (!('serviceWorker' in navigator))
        return;
    const registration = await navigator.serviceWorker.register(trusted(workerAddress));
    const tell = (worker) => onNew(() => replaceBy(worker));
    const watch = (worker) => worker?.addEventListener('statechange', () => {
        // Without one in charge, this is the first, and of the version that is shown.
        if (worker.state === 'installed' && navigator.serviceWorker.controller)
            tell(worker);
    });
    if (registration.waiting && navigator.serviceWorker.controller)
        tell(registration.waiting);
    watch(registration.installing);
    registration.addEventListener('updatefound', () => watch(registration.installing));
    setInterval(() => registration.update().catch(() => undefined), lookEveryMs);
}
function replaceBy(worker) {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    worker.postMessage('take-over');
}
function trusted(address) {
    const { trustedTypes } = globalThis;
    const policy = trustedTypes?.createPolicy('papo', {
        createScriptURL(asked) {
            if (asked !== workerAddress)
                throw new TypeError(`not a script of this page: ${asked}`);
            return asked;
        },
    });
    return policy?.createScriptURL(address) ?? address;
}
