import type { App } from '../app.ts';
import { problemText } from '../words/problem.ts';
import type { Chat } from './chat.ts';

const claimPath = '/administrator';

/**
 * The first administrator comes by a link that the server's log shows once. Whoever opens it and is signed in, or signs in
 * then, becomes one. The code leaves the address bar at once: it must not stay in the history.
 */
export function claimAdministration(chat: Chat, app: App): void {
  const code = location.hash.slice(1);
  if (location.pathname !== claimPath) return;
  history.replaceState(history.state, '', '/');
  if (code !== '') void claim(code, chat, app);
}

async function claim(code: string, chat: Chat, { toasts, dialogs, preferences }: App): Promise<void> {
  const words = preferences.words.value;
  try {
    await chat.client.call('administrator.claim', { code });
    await chat.standing.ask();
    const news = toasts.show(words.claimed, {
      label: words.people,
      run: () => {
        toasts.dismiss(news);
        dialogs.open('people');
      },
    });
  } catch (thrown) {
    toasts.show(problemText(thrown, words));
  }
}
