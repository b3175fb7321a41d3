import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { PeopleSearch } from '../state/people-search.ts';
import { Avatar } from './avatar.tsx';
import { useChat, useWords } from './context.ts';
import { Field } from './field.tsx';
import { useSettled } from './settled.ts';
/** Finds a person by name, for something to be done with: `action` is what the button says. */
export function PersonPicker(props) {
    const chat = useChat();
    const words = useWords();
    const query = useSignal('');
    const wanted = useSettled(query);
    const search = useMemo(() => new PeopleSearch(chat.client), [chat]);
    useEffect(() => void search.find(wanted), [wanted]);
    const found = search.found.value;
    const hint = { idle: words.typeToFind, asking: '', answered: words.noPeopleFound, failed: words.problems.unavailable };
    return (_jsxs("div", { class: "person-picker", children: [_jsx(Field, { label: words.findPerson, input: {
                    type: 'search',
                    value: query.value,
                    maxLength: 64,
                    autocomplete: 'off',
                    autofocus: props.autofocus,
                    onInput: event => {
                        query.value = event.currentTarget.value;
                    },
                } }), _jsx("p", { class: "list-end", role: "status", children: found.length === 0 && hint[search.state.value] }), _jsx("ul", { class: "rows-list", children: found.map(user => (_jsxs("li", { children: [_jsx(Avatar, { id: user.id, name: user.displayName }), _jsxs("div", { class: "rows-list-text", children: [_jsx("strong", { children: user.displayName }), _jsxs("small", { children: ["@", user.username] })] }), _jsx("button", { type: "button", class: "button small", "aria-label": `${props.action}: ${user.displayName}`, onClick: () => props.onPick(user), children: props.action })] }, user.id))) })] }));
}
