import type { User } from 'papo/sdk';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';

/** Opens the direct room with a person; the first time, that makes it. */
export function useOpenDirect(): (user: Pick<User, 'id'>) => Promise<void> {
  const { dialogs, place, toasts } = useApp();
  const chat = useChat();
  const words = useWords();
  return async user => {
    try {
      const { room } = await chat.client.call('direct.open', { user: user.id });
      dialogs.close();
      place.go({ name: 'room', room: room.id });
    } catch (thrown) {
      toasts.show(problemText(thrown, words));
    }
  };
}
