import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useChat, useWords } from './context.ts';
/** What is to be said about the connection, above the room. It takes no focus and no typing away. */
export function NoticeBar({ notice }) {
    const chat = useChat();
    const words = useWords();
    const shown = notice.value.value;
    const waiting = chat.outgoing().filter(({ state }) => state === 'queued' || state === 'sending').length;
    const isOut = shown === 'offline' || shown === 'reconnecting';
    return (_jsxs("div", { class: "notice-bar", role: "status", "data-notice": shown ?? 'none', children: [shown === 'complete' && _jsx("span", { children: words.complete }), isOut && (_jsxs(_Fragment, { children: [_jsx("span", { children: shown === 'offline' ? words.offline : words.reconnecting }), waiting > 0 && _jsx("span", { class: "notice-count", children: words.waitingCount(waiting) }), _jsx("button", { type: "button", class: "link-button", onClick: () => chat.client.connect(), children: words.retryNow })] }))] }));
}
