import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';
export function ToastList() {
    const { toasts } = useApp();
    const words = useWords();
    return (_jsx("div", { class: "toasts", role: "status", children: toasts.all.value.map(({ id, text, action }) => (_jsxs("div", { class: "toast", children: [_jsx("span", { children: text }), action && (_jsx("button", { type: "button", class: "button small", onClick: action.run, children: action.label })), _jsx(IconButton, { icon: "close", label: words.close, onClick: () => toasts.dismiss(id) })] }, id))) }));
}
