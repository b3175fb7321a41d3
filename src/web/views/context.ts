import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { App } from '../app.ts';
import type { Chat } from '../state/chat.ts';
import type { Words } from '../words/words.ts';

export const AppContext = createContext<App | undefined>(undefined);
export const ChatContext = createContext<Chat | undefined>(undefined);

export function useApp(): App {
  return given(useContext(AppContext));
}

/** The chat of who is signed in; only below the workspace. */
export function useChat(): Chat {
  return given(useContext(ChatContext));
}

export function useWords(): Words {
  return useApp().preferences.words.value;
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('rendered outside of its context');
  return value;
}
