import type { App } from '../app.ts';
import { problemText } from '../words/problem.ts';
import type { Chat } from './chat.ts';

const claimPath = '/administrator';

/**
 * The first administrator comes by a link that the server's log shows once. Whoever opens it and is signed in, or signs in
 * then, becomes one. The code leaves the address bar at once: it must not stay in the history.
 */
export function claimAdministration(chat: Chat, { toasts, preferences }: App): void {
  const code = location.hash.slice(1);
  if (location.pathname !== claimPath) return;
  history.replaceState(history.state, '', '/');
  if (code === '') return;
  chat.client.call('administrator.claim', { code }).then(
    () => toasts.show(preferences.words.value.claimed),
    thrown => toasts.show(problemText(thrown, preferences.words.value)),
  );
}
