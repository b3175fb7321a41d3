import { Lexer, type Token, Tokenizer, type Tokens } from 'marked';

/**
 * What a message may look like. Everything else that Markdown knows (HTML, images, headings, tables, …) stays the text that
 * was typed: what isn't in this list can't reach the page.
 */
export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'break' }
  | { kind: 'code'; text: string }
  | { kind: 'fence'; text: string }
  | { kind: 'link'; href: string; children: Node[] }
  | { kind: 'list'; start: number | undefined; items: Node[][] }
  | { kind: 'bold' | 'italic' | 'strike' | 'quote' | 'paragraph'; children: Node[] };

/** Where a link may lead. */
const linkProtocols = new Set(['http:', 'https:', 'mailto:']);
/** Quotes in quotes, lists in lists: beyond this the text is shown as it is. Parsing recurses as deep as they nest. */
const maxNesting = 20;
const nesting = new RegExp(`^(?:[ \\t]*(?:>|[-*+]|\\d{1,9}[.)])){${maxNesting}}`, 'm');
/** Of a longer one only this much is looked at for Markdown: some patterns cost the square of the length. */
const maxParsedLength = 4_000;

/** Markdown's own reader, without what a chat has no use for: then it stays text. */
class ChatTokenizer extends Tokenizer {
  override html = () => undefined;
  override tag = () => undefined;
  override heading = () => undefined;
  override lheading = () => undefined;
  override table = () => undefined;
  override hr = () => undefined;
  override def = () => undefined;
  override reflink = () => undefined;
  /** Indented: text that was pasted, more often than code. */
  override code = () => undefined;
}

const options = { gfm: true, breaks: true, tokenizer: new ChatTokenizer() };

/** What a message's text says, as nodes of the list above. */
export function parseMessage(text: string): Node[] {
  if (text.length > maxParsedLength || nesting.test(text)) return [plain(text)];
  const nodes = new Lexer(options).lex(text).flatMap(nodesOf);
  return nodes.length > 0 ? nodes : [plain(text)];
}

function nodesOf(token: Token): Node[] {
  switch (token.type) {
    case 'space':
      return [];
    case 'paragraph':
      return [{ kind: 'paragraph', children: inside(token) }];
    case 'blockquote':
      return [{ kind: 'quote', children: inside(token) }];
    case 'strong':
      return [{ kind: 'bold', children: inside(token) }];
    case 'em':
      return [{ kind: 'italic', children: inside(token) }];
    case 'del':
      return [{ kind: 'strike', children: inside(token) }];
    case 'br':
      return [{ kind: 'break' }];
    case 'codespan':
      return [{ kind: 'code', text: token['text'] }];
    case 'code':
      return [{ kind: 'fence', text: token['text'] }];
    case 'list':
      return [listOf(token as Tokens.List)];
    case 'link':
      return isSafe(token['href'])
        ? [{ kind: 'link', href: token['href'], children: inside(token) }]
        : [verbatim(token)];
    case 'escape':
      return [{ kind: 'text', text: token['text'] }];
    case 'text':
      return token.tokens ? inside(token) : [{ kind: 'text', text: token['text'] }];
    default:
      return [verbatim(token)];
  }
}

function inside(token: { tokens?: Token[] | undefined }): Node[] {
  return (token.tokens ?? []).flatMap(nodesOf);
}

function listOf({ ordered, start, items }: Tokens.List): Node {
  return { kind: 'list', start: ordered ? Number(start) : undefined, items: items.map(inside) };
}

function isSafe(href: string): boolean {
  return URL.canParse(href) && linkProtocols.has(new URL(href).protocol);
}

function verbatim({ raw }: Token): Node {
  return { kind: 'text', text: raw };
}

function plain(text: string): Node {
  return { kind: 'paragraph', children: [{ kind: 'text', text }] };
}
