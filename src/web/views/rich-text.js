import { Fragment as _Fragment, jsx as _jsx } from "preact/jsx-runtime";
import { useMemo } from 'preact/hooks';
import { parseMessage } from '../text/markdown.ts';
/** A message's text. Built of elements, never of markup: what somebody wrote stays text. */
export function RichText({ text }) {
    return _jsx(_Fragment, { children: useMemo(() => parseMessage(text).map(render), [text]) });
}
function render(node) {
    switch (node.kind) {
        case 'text':
            return node.text;
        case 'break':
            return _jsx("br", {});
        case 'code':
            return _jsx("code", { children: node.text });
        case 'fence':
            return (_jsx("pre", { tabIndex: 0, children: _jsx("code", { children: node.text }) }));
        case 'bold':
            return _jsx("strong", { children: node.children.map(render) });
        case 'italic':
            return _jsx("em", { children: node.children.map(render) });
        case 'strike':
            return _jsx("del", { children: node.children.map(render) });
        case 'quote':
            return _jsx("blockquote", { children: node.children.map(render) });
        case 'paragraph':
            return _jsx("p", { children: node.children.map(render) });
        case 'link':
            return (_jsx("a", { href: node.href, target: "_blank", rel: "noopener noreferrer nofollow", children: node.children.map(render) }));
        case 'list': {
            // biome-ignore lint/suspicious/noArrayIndexKey: a message's list doesn't change
            const items = node.items.map((item, at) => _jsx("li", { children: item.map(render) }, at));
            return node.start === undefined ? _jsx("ul", { children: items }) : _jsx("ol", { start: node.start, children: items });
        }
    }
}
