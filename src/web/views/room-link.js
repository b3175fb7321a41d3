import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { pathOf } from '../state/route.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useWords } from './context.ts';
import { Icon } from './icon.tsx';
const mostShown = 99;
/** A room in the list: bold when something in it is unread; a direct one says how much. */
export function RoomLink({ room }) {
    const { place } = useApp();
    const words = useWords();
    const { id, info, title, unread } = room;
    const route = { name: 'room', room: id };
    const open = (event) => {
        // A click that asks for another tab or window gets it.
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)
            return;
        event.preventDefault();
        place.go(route);
    };
    return (_jsxs("a", { class: "room-link", href: pathOf(route), "data-unread": unread > 0, "aria-current": place.room === id ? 'page' : undefined, onClick: open, children: [_jsx(RoomSign, { room: room }), _jsx("span", { class: "room-link-name", children: title }), unread > 0 && info.kind === 'direct' && (_jsxs("span", { class: "count", children: [_jsx("span", { "aria-hidden": "true", children: unread > mostShown ? `${mostShown}+` : unread }), _jsx("span", { class: "visually-hidden", children: words.unread(unread) })] })), unread > 0 && info.kind !== 'direct' && (_jsx("span", { class: "dot", children: _jsx("span", { class: "visually-hidden", children: words.hasUnread }) }))] }));
}
/** What kind of room it is, at a glance: a person's avatar for a direct one. */
export function RoomSign({ room: { info, title } }) {
    if (info.kind === 'direct')
        return _jsx(Avatar, { id: info.peer?.id ?? info.id, name: title, size: "s" });
    return (_jsx("span", { class: "room-sign", children: _jsx(Icon, { name: info.kind === 'private' ? 'lock' : 'hash', size: 16 }) }));
}
