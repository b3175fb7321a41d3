import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { PeopleSearch } from '../state/people-search.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { useOpenDirect } from './open-direct.ts';
import { RoomSign } from './room-link.tsx';
import { useSettled } from './settled.ts';
const mostRooms = 12;
/** One field for every room and person: type, choose with the arrows, Enter. */
export function SwitcherDialog() {
    const { dialogs, place } = useApp();
    const chat = useChat();
    const words = useWords();
    const openDirect = useOpenDirect();
    const query = useSignal('');
    const at = useSignal(0);
    const wanted = useSettled(query);
    const search = useMemo(() => new PeopleSearch(chat.client), [chat]);
    const list = useRef(null);
    useEffect(() => void search.find(wanted), [wanted]);
    const choices = choicesFor(query.value, [...chat.directs.value, ...chat.rooms.value], search.found.value);
    const chosen = Math.min(at.value, choices.length - 1);
    const idOf = (index) => `switcher-${index}`;
    useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [chosen]);
    const open = (choice) => {
        if (choice?.kind === 'person') {
            void openDirect(choice.user);
        }
        else if (choice) {
            dialogs.close();
            place.go({ name: 'room', room: choice.room.id });
        }
    };
    const press = (event) => {
        const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
        if (event.isComposing || (step === 0 && event.key !== 'Enter'))
            return;
        event.preventDefault();
        if (step === 0)
            open(choices[chosen]);
        else
            at.value = (chosen + step + choices.length) % Math.max(1, choices.length);
    };
    return (_jsxs(Dialog, { title: words.search, class: "tall switcher", children: [_jsx("input", { class: "switcher-input", type: "text", role: "combobox", "aria-label": words.search, "aria-expanded": "true", "aria-controls": "switcher-list", "aria-activedescendant": chosen >= 0 ? idOf(chosen) : undefined, placeholder: words.search, autocomplete: "off", autofocus: true, maxLength: 64, value: query.value, onInput: event => {
                    query.value = event.currentTarget.value;
                    at.value = 0;
                }, onKeyDown: press }), _jsx("ul", { id: "switcher-list", class: "switcher-list", role: "listbox", "aria-label": words.search, ref: list, children: choices.map((choice, index) => (_jsx("li", { id: idOf(index), role: "option", "aria-selected": index === chosen, onClick: () => open(choice), children: _jsx(ChoiceText, { choice: choice }) }, choice.kind === 'room' ? choice.room.id : choice.user.id))) }), _jsx("p", { class: "list-end", role: "status", children: choices.length === 0 && search.state.value === 'answered' ? words.nothingFound : words.switcherHint })] }));
}
function ChoiceText({ choice }) {
    if (choice.kind === 'person') {
        const { id, displayName, username } = choice.user;
        return (_jsxs(_Fragment, { children: [_jsx(Avatar, { id: id, name: displayName, size: "s" }), _jsx("span", { class: "switcher-name", children: displayName }), _jsxs("small", { children: ["@", username] })] }));
    }
    const { room } = choice;
    return (_jsxs(_Fragment, { children: [_jsx(RoomSign, { room: room }), _jsx("span", { class: "switcher-name", "data-unread": room.unread > 0, children: room.title }), room.info.peer && _jsxs("small", { children: ["@", room.info.peer.username] })] }));
}
/** Unread ones first, then by how early what was typed stands in the name; then people one hasn't talked to yet. */
function choicesFor(typed, rooms, people) {
    const query = folded(typed.trim());
    const rank = (room) => {
        const names = [room.title, room.info.peer?.username ?? ''].map(name => folded(name).indexOf(query));
        return Math.min(...names.filter(index => index >= 0), Number.POSITIVE_INFINITY);
    };
    const found = rooms
        .map(room => ({ room, rank: rank(room) }))
        .filter(entry => entry.rank !== Number.POSITIVE_INFINITY)
        .sort((a, b) => a.rank - b.rank || Number(b.room.unread > 0) - Number(a.room.unread > 0))
        .slice(0, mostRooms);
    const peers = new Set(rooms.map(({ info }) => info.peer?.id));
    return [
        ...found.map(({ room }) => ({ kind: 'room', room })),
        ...people.filter(({ id }) => !peers.has(id)).map((user) => ({ kind: 'person', user })),
    ];
}
/** Without case and accents: "sao" finds "São". */
function folded(text) {
    return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
