import { Fragment as _Fragment, jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
/** Leaves a room; of a private one it is said first that there is no way back by oneself. */
export function RoomLeave({ info }) {
    const { dialogs, place, toasts } = useApp();
    const chat = useChat();
    const words = useWords();
    const isAsking = useSignal(false);
    const leave = async () => {
        try {
            await chat.client.call('room.leave', { room: info.id });
            dialogs.close();
            place.go({ name: 'home' }, { replace: true });
        }
        catch (thrown) {
            toasts.show(problemText(thrown, words));
        }
    };
    const ask = (asking) => () => {
        isAsking.value = asking;
    };
    return (_jsx("section", { class: "dialog-section", children: isAsking.value ? (_jsxs(_Fragment, { children: [_jsxs("p", { children: [_jsx("strong", { children: words.leaveSure }), " ", info.kind === 'private' && words.leavePrivateHint] }), _jsxs("div", { class: "button-row", children: [_jsx("button", { type: "button", class: "button danger", onClick: leave, children: words.leave }), _jsx("button", { type: "button", class: "button", onClick: ask(false), children: words.stay })] })] })) : (_jsx("button", { type: "button", class: "button", onClick: ask(true), children: words.leave })) }));
}
