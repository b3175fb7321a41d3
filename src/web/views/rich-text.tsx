import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { type Node, parseMessage } from '../text/markdown.ts';

/** A message's text. Built of elements, never of markup: what somebody wrote stays text. */
export function RichText({ text }: { text: string }) {
  return <>{useMemo(() => parseMessage(text).map(render), [text])}</>;
}

function render(node: Node): ComponentChildren {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'break':
      return <br />;
    case 'code':
      return <code>{node.text}</code>;
    case 'fence':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, by keyboard too
        <pre tabIndex={0}>
          <code>{node.text}</code>
        </pre>
      );
    case 'bold':
      return <strong>{node.children.map(render)}</strong>;
    case 'italic':
      return <em>{node.children.map(render)}</em>;
    case 'strike':
      return <del>{node.children.map(render)}</del>;
    case 'quote':
      return <blockquote dir="auto">{node.children.map(render)}</blockquote>;
    case 'paragraph':
      return <p>{node.children.map(render)}</p>;
    case 'link':
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {node.children.map(render)}
        </a>
      );
    case 'list': {
      const items = node.items.map((item, at) => <li key={at}>{item.map(render)}</li>);
      // Bar, bullets and numbers stand where the reading begins.
      if (node.start === undefined) return <ul dir="auto">{items}</ul>;
      return (
        <ol dir="auto" start={node.start}>
          {items}
        </ol>
      );
    }
  }
}
