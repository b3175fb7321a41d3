import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { problemText } from '../words/problem.ts';
import { Choice } from './choice.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { Field } from './field.tsx';
/** Makes a room, and opens it. */
export function NewRoomDialog() {
    const { place, dialogs } = useApp();
    const chat = useChat();
    const words = useWords();
    const kind = useSignal('public');
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
        try {
            const { room } = await chat.client.call('room.create', { name, kind: kind.value, ...(topic && { topic }) });
            dialogs.close();
            place.go({ name: 'room', room: room.id });
        }
        catch (thrown) {
            problem.value = problemText(thrown, words);
        }
        finally {
            isBusy.value = false;
        }
    };
    return (_jsx(Dialog, { title: words.newRoom, children: _jsxs("form", { class: "dialog-form", onSubmit: submit, children: [_jsx(Field, { label: words.roomName, problem: problem.value, input: { name: 'name', required: true, maxLength: 80, autocomplete: 'off', autofocus: true } }), _jsx(Field, { label: words.topic, hint: words.topicHint, input: { name: 'topic', maxLength: 250, autocomplete: 'off' } }), _jsx(Choice, { legend: words.kind, name: "kind", value: kind.value, options: [
                        { value: 'public', label: words.kindPublic, hint: words.kindPublicHint },
                        { value: 'private', label: words.kindPrivate, hint: words.kindPrivateHint },
                    ], onChange: chosen => {
                        kind.value = chosen;
                    } }), _jsxs("div", { class: "button-row end", children: [_jsx("button", { type: "button", class: "button", onClick: () => dialogs.close(), children: words.cancel }), _jsx("button", { type: "submit", class: "button primary", "aria-disabled": isBusy.value, children: isBusy.value ? words.creating : words.create })] })] }) }));
}
