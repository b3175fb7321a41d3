import type { SocketOperation } from './connection.ts';

/** What `ChatClient.call` offers: every operation of the socket but `sync`, which is the client's own. */
export type CallableOperation = Exclude<SocketOperation, 'sync'>;

export interface CallOptions {
  /** Once aborted, the result is no longer waited for; what was asked may still take effect. */
  signal?: AbortSignal | undefined;
}

/** What comes of the work; or, once the signal is aborted, its reason. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  if (signal.aborted) {
    work.catch(() => undefined);
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
