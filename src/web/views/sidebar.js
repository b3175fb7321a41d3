import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon, IconButton } from './icon.tsx';
import { RoomLink } from './room-link.tsx';
import { Wordmark } from './wordmark.tsx';
/** The rooms and people, and oneself. */
export function Sidebar() {
    const { dialogs } = useApp();
    const chat = useChat();
    const words = useWords();
    const { me } = chat;
    return (_jsxs("nav", { class: "sidebar", "aria-label": words.menu, children: [_jsxs("header", { class: "sidebar-head", children: [_jsx(Wordmark, {}), _jsxs("button", { type: "button", class: "find", onClick: () => dialogs.open('switcher'), children: [_jsx(Icon, { name: "search", size: 18 }), _jsx("span", { children: words.search }), _jsx("kbd", { "aria-hidden": "true", children: "Ctrl K" })] })] }), _jsxs("div", { class: "sidebar-lists", children: [_jsxs(RoomSection, { title: words.rooms, rooms: chat.rooms.value, empty: words.roomsEmpty, children: [_jsx(IconButton, { icon: "compass", label: words.browseRooms, onClick: () => dialogs.open('browse') }), _jsx(IconButton, { icon: "plus", label: words.newRoom, onClick: () => dialogs.open('new-room') })] }), _jsx(RoomSection, { title: words.directs, rooms: chat.directs.value, empty: words.directsEmpty, children: _jsx(IconButton, { icon: "plus", label: words.newDirect, onClick: () => dialogs.open('new-direct') }) })] }), _jsxs("footer", { class: "sidebar-foot", children: [me ? (_jsxs(_Fragment, { children: [_jsx(Avatar, { id: me.id, name: me.displayName }), _jsxs("span", { class: "me", children: [_jsx("span", { class: "me-name", children: me.displayName }), _jsxs("span", { class: "me-username", children: ["@", me.username] })] })] })) : (_jsx("span", { class: "me quiet", children: words.starting })), _jsx(IconButton, { icon: "settings", label: words.settings, onClick: () => dialogs.open('settings') })] })] }));
}
function RoomSection(props) {
    const { hasSynced } = useChat();
    return (_jsxs("section", { class: "room-section", children: [_jsxs("header", { children: [_jsx("h2", { children: props.title }), props.children] }), props.rooms.length > 0 ? (_jsx("ul", { children: props.rooms.map(room => (_jsx("li", { children: _jsx(RoomLink, { room: room }) }, room.id))) })) : hasSynced ? (_jsx("p", { class: "section-empty", children: props.empty })) : (_jsxs("div", { class: "skeleton-list", "aria-hidden": "true", children: [_jsx("span", { class: "skeleton" }), _jsx("span", { class: "skeleton" }), _jsx("span", { class: "skeleton" })] }))] }));
}
