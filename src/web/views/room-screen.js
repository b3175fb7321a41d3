import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { titleOf } from '../state/people.ts';
import { Composer } from './composer.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon, IconButton } from './icon.tsx';
import { Placeholder } from './placeholder.tsx';
import { RoomDoor } from './room-door.tsx';
import { RoomSign } from './room-link.tsx';
import { TimelineView } from './timeline-view.tsx';
/** The room of the address; or what there is to say where none is open. */
export function RoomScreen() {
    const { place, dialogs } = useApp();
    const chat = useChat();
    const words = useWords();
    const id = place.room;
    if (id === undefined)
        return _jsx(Placeholder, { title: words.nothingOpen, hint: words.nothingOpenHint });
    const replica = chat.room(id);
    if (!replica)
        return _jsx(RoomDoor, { id: id }, id);
    const { info } = replica;
    const title = titleOf(info);
    return (_jsxs(_Fragment, { children: [_jsxs("header", { class: "room-head", children: [_jsx(IconButton, { icon: "back", label: words.back, class: "only-narrow", onClick: () => place.leaveRoom() }), _jsx(RoomSign, { room: { info, title } }), _jsxs("div", { class: "room-title", children: [_jsx("h1", { children: title }), info.topic && _jsx("p", { class: "room-topic", children: info.topic })] }), _jsxs("button", { type: "button", class: "room-members", "aria-label": `${words.roomDetails}: ${words.members(info.memberCount)}`, title: words.roomDetails, onClick: () => dialogs.open('room'), children: [_jsx(Icon, { name: info.kind === 'direct' ? 'info' : 'people' }), info.kind !== 'direct' && _jsx("span", { "aria-hidden": "true", children: info.memberCount })] })] }), _jsx(TimelineView, { timeline: chat.timeline(replica) }, id), _jsx(Composer, { room: id, title: title }, `composer ${id}`)] }));
}
