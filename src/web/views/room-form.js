import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { problemText } from '../words/problem.ts';
import { useChat, useWords } from './context.ts';
import { Field } from './field.tsx';
/** Its owner gives a room another name or topic. */
export function RoomForm({ info }) {
    const chat = useChat();
    const words = useWords();
    const problem = useSignal(undefined);
    const isBusy = useSignal(false);
    const submit = async (event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const name = String(data.get('name') ?? '').trim();
        const topic = String(data.get('topic') ?? '').trim();
        if (isBusy.value || name === '')
            return;
        isBusy.value = true;
        problem.value = undefined;
        try {
            await chat.client.call('room.update', {
                room: info.id,
                ...(name !== info.name && { name }),
                ...(topic !== (info.topic ?? '') && { topic }),
            });
        }
        catch (thrown) {
            problem.value = problemText(thrown, words);
        }
        finally {
            isBusy.value = false;
        }
    };
    return (_jsxs("form", { class: "dialog-form", onSubmit: submit, children: [_jsx(Field, { label: words.roomName, problem: problem.value, input: { name: 'name', defaultValue: info.name ?? '', required: true, maxLength: 80, autocomplete: 'off' } }), _jsx(Field, { label: words.topic, hint: words.topicHint, input: { name: 'topic', defaultValue: info.topic ?? '', maxLength: 250, autocomplete: 'off' } }), _jsx("div", { class: "button-row end", children: _jsx("button", { type: "submit", class: "button", "aria-disabled": isBusy.value, children: words.save }) })] }));
}
