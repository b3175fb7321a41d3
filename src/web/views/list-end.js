import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useWords } from './context.ts';
/** Below a list that comes in pages: more, nothing, or what went wrong. */
export function ListEnd(props) {
    const words = useWords();
    const state = props.list.state.value;
    if (state === 'failed') {
        return (_jsxs("p", { class: "list-end", role: "alert", children: [words.loadingFailed, ' ', _jsx("button", { type: "button", class: "link-button", onClick: props.onRetry, children: words.retry })] }));
    }
    if (state === 'done' && props.empty)
        return _jsx("p", { class: "list-end", children: props.empty });
    if (state !== 'idle' || props.list.items.value.length === 0)
        return null;
    return (_jsx("button", { type: "button", class: "link-button list-end", onClick: () => props.list.more(), children: words.more }));
}
