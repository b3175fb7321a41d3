import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
/** Which keys there are. */
export function KeysDialog() {
    const words = useWords();
    const keys = [
        [[['Ctrl', 'K'], ['⌘', 'K']], words.keySwitch],
        [[['Alt', '↑'], ['Alt', '↓']], words.keyNext],
        [[['Alt', 'Shift', '↑'], ['Alt', 'Shift', '↓']], words.keyNextUnread],
        [[['Enter']], words.keySend],
        [[['Shift', 'Enter']], words.keyBreak],
        [[['Esc']], words.keyClose],
        [[['?']], words.keyHelp],
    ];
    return (_jsx(Dialog, { title: words.keys, children: _jsx("dl", { class: "keys", children: keys.map(([combinations, meaning]) => (_jsxs("div", { children: [_jsx("dt", { children: combinations.map((combination, at) => (_jsxs("span", { children: [at > 0 && _jsx("span", { class: "key-or", children: words.keyOr }), combination.map(key => (_jsx("kbd", { children: key }, key)))] }, combination.join()))) }), _jsx("dd", { children: meaning })] }, meaning))) }) }));
}
