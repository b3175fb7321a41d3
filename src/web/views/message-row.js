import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { datesOf, daysAgo } from '../words/dates.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon } from './icon.tsx';
import { RichText } from './rich-text.tsx';
/** One message; above it, where one begins, the day, and the mark of the first one unread. */
export function MessageRow({ row }) {
    const { preferences } = useApp();
    const words = useWords();
    const dates = datesOf(preferences.language.value);
    const { sender, startsGroup } = row;
    const time = (_jsx("time", { dateTime: new Date(row.at).toISOString(), title: dates.full(row.at), children: startsGroup ? dates.time(row.at) : dates.shortTime(row.at) }));
    return (_jsxs(_Fragment, { children: [row.startsDay && _jsx(DaySeparator, { at: row.at }), row.isFirstUnread && (_jsx("div", { class: "unread-divider", children: _jsx("span", { children: words.new }) })), _jsxs("article", { class: "message", "data-first": startsGroup, "data-delivery": row.delivery, children: [startsGroup ? _jsx(Avatar, { id: sender.id, name: sender.displayName }) : _jsx("span", { class: "gutter-time", children: time }), _jsxs("div", { class: "message-content", children: [startsGroup ? (_jsxs("header", { children: [_jsx("span", { class: "sender", title: `@${sender.username}`, children: sender.displayName }), time] })) : (_jsx("span", { class: "visually-hidden", children: sender.displayName })), _jsx("div", { class: "text", children: _jsx(RichText, { text: row.text }) }), row.delivery === 'failed' && _jsx(NotSent, { row: row })] }), row.isMine && _jsx(DeliveryMark, { row: row })] })] }));
}
function DaySeparator({ at }) {
    const { preferences } = useApp();
    const words = useWords();
    const ago = daysAgo(at);
    const day = datesOf(preferences.language.value).day(at);
    return (_jsx("h3", { class: "day", children: _jsx("span", { children: ago === 0 ? words.today : ago === 1 ? words.yesterday : day }) }));
}
/** Whether one's own message is out: a clock while it waits, a tick once everyone has it. */
function DeliveryMark({ row }) {
    const chat = useChat();
    const words = useWords();
    if (row.delivery === 'failed')
        return null;
    const isLive = chat.connection.name === 'live';
    const label = row.delivery === 'stored' ? words.sent : isLive ? words.sending : words.waiting;
    return (_jsxs("span", { class: "delivery-mark", title: label, children: [_jsx(Icon, { name: row.delivery === 'stored' ? 'check' : 'clock', size: 14 }), _jsx("span", { class: "visually-hidden", children: label })] }));
}
function NotSent({ row }) {
    const chat = useChat();
    const words = useWords();
    const reasons = words.notSentBecause;
    const reason = (row.failure !== undefined && Object.hasOwn(reasons, row.failure) && reasons[row.failure]) || reasons['other'];
    return (_jsxs("p", { class: "not-sent", children: [_jsx(Icon, { name: "alert", size: 16 }), _jsxs("span", { children: [_jsx("strong", { children: words.notSent }), ": ", reason] }), _jsx("button", { type: "button", class: "link-button", onClick: () => chat.client.retry(row.id), children: words.retry }), _jsx("button", { type: "button", class: "link-button", onClick: () => chat.client.discard(row.id), children: words.delete })] }));
}
