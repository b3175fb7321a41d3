import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Paged } from '../state/paged.ts';
import { titleOf } from '../state/people.ts';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { ListEnd } from './list-end.tsx';
import { MemberRow } from './member-row.tsx';
import { PersonPicker } from './person-picker.tsx';
import { RoomForm } from './room-form.tsx';
import { RoomLeave } from './room-leave.tsx';
/** What a room is, who is in it, and what one may do about it. */
export function RoomDialog({ id }) {
    const chat = useChat();
    const words = useWords();
    const replica = chat.room(id);
    if (!replica)
        return null;
    const { info } = replica;
    const kinds = { public: words.publicRoom, private: words.privateRoom, direct: words.directRoom };
    return (_jsxs(Dialog, { title: titleOf(info), class: "tall", children: [_jsxs("p", { class: "quiet", children: [kinds[info.kind], info.peer ? ` · @${info.peer.username}` : ` · ${words.members(info.memberCount)}`] }), info.kind !== 'direct' && (_jsxs(_Fragment, { children: [info.role === 'owner' ? _jsx(RoomForm, { info: info }) : info.topic && _jsx("p", { children: info.topic }), _jsx(RoomMembers, { replica: replica }), _jsx(RoomLeave, { info: info })] }))] }));
}
function RoomMembers({ replica }) {
    const { toasts } = useApp();
    const chat = useChat();
    const words = useWords();
    const isInviting = useSignal(false);
    const members = useMemo(() => new Paged(), []);
    const { id, info } = replica;
    const start = () => void members.start(chat.client.members(id));
    // Who comes and goes meanwhile is seen.
    useEffect(start, [info.memberCount]);
    const attempt = async (done, work) => {
        try {
            await work();
            toasts.show(done);
        }
        catch (thrown) {
            toasts.show(problemText(thrown, words));
        }
    };
    const invite = (user) => attempt(words.invited(user.displayName), () => chat.client.call('room.invite', { room: id, user: user.id }));
    const remove = (user) => attempt(words.removed(user.displayName), () => chat.client.call('room.remove', { room: id, user: user.id }));
    return (_jsxs("section", { class: "dialog-section", children: [_jsxs("header", { class: "section-head", children: [_jsx("h3", { children: words.people }), _jsx("button", { type: "button", class: "button small", "aria-expanded": isInviting.value, onClick: () => {
                            isInviting.value = !isInviting.value;
                        }, children: words.invitePerson })] }), isInviting.value && _jsx(PersonPicker, { action: words.invite, onPick: invite, autofocus: true }), _jsx("ul", { class: "rows-list", children: members.items.value.map(member => (_jsx(MemberRow, { member: member, onRemove: info.role === 'owner' && member.user.id !== chat.me?.id ? () => remove(member.user) : undefined }, member.user.id))) }), _jsx(ListEnd, { list: members, onRetry: start })] }));
}
