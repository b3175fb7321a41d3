import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
/** One of a few: radio buttons, drawn as one row. */
export function Choice(props) {
    const hasHints = props.options.some(({ hint }) => hint !== undefined);
    return (_jsxs("fieldset", { class: "choice", "data-stacked": hasHints, children: [_jsx("legend", { children: props.legend }), _jsx("div", { class: "choice-options", children: props.options.map(({ value, label, hint }) => (_jsxs("label", { children: [_jsx("input", { type: "radio", name: props.name, value: value, checked: props.value === value, onChange: () => props.onChange(value) }), _jsxs("span", { children: [label, hint && _jsx("small", { children: hint })] })] }, value))) })] }));
}
