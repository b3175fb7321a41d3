import { jsx as _jsx, jsxs as _jsxs } from "preact/jsx-runtime";
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';
/** Above the page, with the rest out of reach; Esc closes it, and the focus goes back to where it was. */
export function Dialog(props) {
    const { dialogs } = useApp();
    const words = useWords();
    const element = useRef(null);
    const titleId = useId();
    useLayoutEffect(() => {
        const dialog = element.current;
        const opener = document.activeElement;
        dialog?.showModal();
        return () => {
            dialog?.close();
            if (opener instanceof HTMLElement && opener.isConnected)
                opener.focus();
        };
    }, []);
    return (_jsx("dialog", { ref: element, class: `dialog ${props.class ?? ''}`, "aria-labelledby": titleId, onClose: () => dialogs.close(), onClick: event => event.target === event.currentTarget && dialogs.close(), children: _jsxs("div", { class: "dialog-body", children: [_jsxs("header", { class: "dialog-head", children: [_jsx("h2", { id: titleId, children: props.title }), _jsx(IconButton, { icon: "close", label: words.close, onClick: () => dialogs.close() })] }), props.children] }) }));
}
