import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { Avatar } from './avatar.tsx';
import { useChat, useWords } from './context.ts';
import { IconButton } from './icon.tsx';
import { useOpenDirect } from './open-direct.ts';
/** Someone in a room. To remove them takes a second press: the first one asks. */
export function MemberRow({ member, onRemove }) {
    const chat = useChat();
    const words = useWords();
    const openDirect = useOpenDirect();
    const isAsking = useSignal(false);
    const { user, role } = member;
    const isMe = user.id === chat.me?.id;
    const note = [`@${user.username}`, role === 'owner' && words.owner, isMe && words.you].filter(Boolean).join(' · ');
    return (_jsxs("li", { children: [_jsx(Avatar, { id: user.id, name: user.displayName }), _jsxs("div", { class: "rows-list-text", children: [_jsx("strong", { children: user.displayName }), _jsx("small", { children: note })] }), !isMe && _jsx(IconButton, { icon: "write", label: words.writeDirect(user.displayName), onClick: () => openDirect(user) }), onRemove && (_jsx("button", { type: "button", class: isAsking.value ? 'button small danger' : 'button small', "aria-label": isAsking.value ? words.removeSure(user.displayName) : `${words.remove}: ${user.displayName}`, onClick: () => {
                    if (isAsking.value)
                        onRemove();
                    isAsking.value = !isAsking.value;
                }, onBlur: () => {
                    isAsking.value = false;
                }, children: isAsking.value ? `${words.remove}?` : words.remove }))] }));
}
