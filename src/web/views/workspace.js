import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { effect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Announcer } from '../state/announcer.ts';
import { listenToKeys } from '../state/keys.ts';
import { ConnectionNotice } from '../state/notice.ts';
import { showTitle } from '../state/title.ts';
import { ChatContext, useApp, useWords } from './context.ts';
import { Dialogs } from './dialogs.tsx';
import { NoticeBar } from './notice-bar.tsx';
import { RoomScreen } from './room-screen.tsx';
import { Sidebar } from './sidebar.tsx';
/** Everything that one sees signed in: the rooms, and one of them open. */
export function Workspace({ chat }) {
    const app = useApp();
    const words = useWords();
    const { place, preferences, toasts } = app;
    const notice = useMemo(() => new ConnectionNotice(chat), [chat]);
    const announcer = useMemo(() => new Announcer(chat, () => place.room, preferences), [chat]);
    useEffect(() => {
        const stops = [
            listenToKeys(chat, app),
            effect(() => showTitle(chat, place)),
            effect(() => rememberRoom(chat, app)),
            effect(() => void (chat.storageFailed && toasts.show(preferences.words.peek().storageFailed))),
            () => notice.dispose(),
            () => announcer.dispose(),
        ];
        return () => {
            for (const stop of stops)
                stop();
        };
    }, [chat]);
    return (_jsxs(ChatContext.Provider, { value: chat, children: [_jsx("a", { class: "skip-link", href: "#composer", children: words.skip }), _jsxs("div", { class: "workspace", "data-open": place.room === undefined ? 'list' : 'room', children: [_jsx(Sidebar, {}), _jsxs("main", { class: "main", children: [_jsx(NoticeBar, { notice: notice }), _jsx(RoomScreen, {})] })] }), _jsx(Dialogs, {}), _jsx("div", { class: "visually-hidden", "aria-live": "polite", "data-announcer": true, children: announcer.text.value })] }));
}
const lastRoomKey = 'last-room';
const isWide = matchMedia('(min-width: 48rem)');
/** Where there is space for list and room, a room is open: the one that was open last, or else the first. */
function rememberRoom(chat, { place, storage }) {
    const open = place.room;
    if (open !== undefined) {
        storage.set(lastRoomKey, open);
    }
    else if (isWide.matches && chat.hasSynced) {
        const last = storage.get(lastRoomKey);
        const room = (last !== null && chat.room(last)?.id) || chat.rooms.value[0]?.id || chat.directs.value[0]?.id;
        if (room)
            place.go({ name: 'room', room }, { replace: true });
    }
}
