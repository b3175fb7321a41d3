import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
export const AppContext = createContext(undefined);
export const ChatContext = createContext(undefined);
export function useApp() {
    return given(useContext(AppContext));
}
/** The chat of who is signed in; only below the workspace. */
export function useChat() {
    return given(useContext(ChatContext));
}
export function useWords() {
    return useApp().preferences.words.value;
}
function given(value) {
    if (value === undefined)
        throw new Error('rendered outside of its context');
    return value;
}
