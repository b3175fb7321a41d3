import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';
/** A screen that has nothing to show: it says why, and what to do next. */
export function Placeholder(props) {
    const { place } = useApp();
    const words = useWords();
    return (_jsxs("div", { class: "placeholder", children: [place.room !== undefined && (_jsx(IconButton, { icon: "back", label: words.back, class: "only-narrow", onClick: () => place.leaveRoom() })), _jsx("h1", { children: props.title }), props.hint && _jsx("p", { children: props.hint }), props.children] }));
}
