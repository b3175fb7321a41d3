import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { languages } from '../words/languages.ts';
import { Choice } from './choice.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
/** How the page looks and speaks, and the way out. */
export function SettingsDialog() {
    const { preferences, dialogs, session } = useApp();
    const chat = useChat();
    const words = useWords();
    const problem = useSignal(undefined);
    const isLeaving = useSignal(false);
    const unsent = chat.outgoing().length;
    const signOut = async (everywhere) => {
        if (isLeaving.value)
            return;
        isLeaving.value = true;
        try {
            await session.signOut(chat, { everywhere });
            dialogs.close();
        }
        catch {
            problem.value = words.signOutFailed;
        }
        finally {
            isLeaving.value = false;
        }
    };
    const themes = [
        { value: 'system', label: words.themeSystem },
        { value: 'light', label: words.themeLight },
        { value: 'dark', label: words.themeDark },
    ];
    const tongues = [
        { value: 'system', label: words.languageSystem },
        ...Object.keys(languages).map(value => ({ value, label: languages[value].name })),
    ];
    return (_jsxs(Dialog, { title: words.settings, children: [_jsx(Choice, { legend: words.theme, name: "theme", value: preferences.theme.value, options: themes, onChange: theme => {
                    preferences.theme.value = theme;
                } }), _jsx(Choice, { legend: words.language, name: "language", value: preferences.languageChoice.value, options: tongues, onChange: language => {
                    preferences.languageChoice.value = language;
                } }), _jsxs("section", { class: "dialog-section", children: [_jsx("h3", { children: words.keyboard }), _jsx("button", { type: "button", class: "button", onClick: () => dialogs.open('keys'), children: words.keys })] }), _jsxs("section", { class: "dialog-section", children: [_jsx("h3", { children: words.account }), unsent > 0 && _jsx("p", { class: "note problem", children: words.signOutWaiting(unsent) }), _jsxs("div", { class: "button-row", children: [_jsx("button", { type: "button", class: "button", "aria-disabled": isLeaving.value, onClick: () => signOut(false), children: words.signOutHere }), _jsx("button", { type: "button", class: "button", "aria-disabled": isLeaving.value, onClick: () => signOut(true), children: words.signOutEverywhere })] }), _jsx("p", { class: "note problem", role: "alert", children: problem.value })] })] }));
}
