import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useId } from 'preact/hooks';
/** A labelled input; what is wrong with it is said below, and belongs to it for a screen reader too. */
export function Field({ label, hint, problem, children, input }) {
    const id = useId();
    const note = problem ?? hint;
    return (_jsxs("div", { class: "field", children: [_jsx("label", { for: id, children: label }), _jsxs("div", { class: "field-input", children: [_jsx("input", { id: id, "aria-describedby": note ? `${id}-note` : undefined, "aria-invalid": problem !== undefined, ...input }), children] }), note && (_jsx("p", { id: `${id}-note`, class: problem ? 'note problem' : 'note', children: note }))] }));
}
