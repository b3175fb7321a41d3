import { jsx as _jsx } from "preact/jsx-runtime";
import { hueOf, initialsOf } from '../state/people.ts';
/** A person's initials on their colour. The name stands beside it: to a screen reader it says nothing. */
export function Avatar({ id, name, size = 'm' }) {
    return (_jsx("span", { class: `avatar avatar-${size}`, style: { '--hue': hueOf(id) }, "aria-hidden": "true", children: initialsOf(name) }));
}
