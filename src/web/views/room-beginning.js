import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { titleOf } from '../state/people.ts';
import { Avatar } from './avatar.tsx';
import { useWords } from './context.ts';
/** Above a room's first message. */
export function RoomBeginning({ room }) {
    const words = useWords();
    const title = titleOf(room);
    const { peer } = room;
    return (_jsxs("div", { class: "beginning", children: [peer && _jsx(Avatar, { id: peer.id, name: peer.displayName, size: "l" }), _jsx("h2", { children: peer ? words.beginningDirect(title) : words.beginning(title) }), room.topic && _jsx("p", { children: room.topic }), room.lastSeq === 0 && _jsx("p", { class: "quiet", children: words.beginningHint })] }));
}
