import { useSignal } from '@preact/signals';
import type { Room } from 'papo/sdk';
import { useEffect, useRef } from 'preact/hooks';
import { DraftKeeper } from '../state/draft-keeper.ts';
import { isTouched } from '../state/screen.ts';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
import { Icon } from './icon.tsx';

/** The server takes no more of one message, in bytes of UTF-8. */
const maxBytes = 16 * 1024;
/** From here on it is said how much is left. */
const warnAtBytes = maxBytes - 1_000;
const encoder = new TextEncoder();

/** Where one writes. What is typed is kept, per room, until it is sent. */
export function Composer({ room: { id: room, kind }, title }: { room: Room; title: string }) {
  const { toasts } = useApp();
  const chat = useChat();
  const words = useWords();
  const text = useSignal('');
  const input = useRef<HTMLTextAreaElement>(null);
  const drafts = useRef<DraftKeeper>(undefined);

  useEffect(() => {
    const keeper = new DraftKeeper(chat.client, room, draft => {
      if (text.peek() === '') text.value = draft;
    });
    drafts.current = keeper;
    // A keyboard that slides up over the messages isn't asked for.
    if (!isTouched.peek()) input.current?.focus();
    return () => keeper.dispose();
  }, [room]);

  const label = kind === 'direct' ? words.writeTo(title) : words.writeIn(title);
  const left = maxBytes - encoder.encode(text.value.trim()).length;
  const canSend = text.value.trim() !== '' && left >= 0;

  const write = (now: string) => {
    text.value = now;
    drafts.current?.keep(now);
  };

  const send = () => {
    if (!canSend) return;
    try {
      chat.client.send(room, text.value.trim());
    } catch (thrown) {
      toasts.show(problemText(thrown, words));
      return;
    }
    write('');
    const replica = chat.client.rooms.get(room);
    if (replica) chat.timeline(replica).toNewest();
    input.current?.focus();
  };

  const press = (event: KeyboardEvent) => {
    // While a character is being composed (Japanese, accents), Enter belongs to that; 229 is what Safari says instead.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key !== 'Enter' || isComposing) return;
    // A keyboard on the screen has no Shift+Enter: there Enter breaks the line, as in every chat on a phone, and the button
    // sends. No browser tells whether a key was drawn or real; who has real ones on such a device sends with Ctrl or ⌘.
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.shiftKey || event.altKey || (isTouched.value && !isCommand)) return;
    event.preventDefault();
    send();
  };

  return (
    <form
      class="composer"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        id="composer"
        ref={input}
        rows={1}
        dir="auto"
        value={text.value}
        placeholder={label}
        aria-label={label}
        aria-describedby="composer-note"
        enterkeyhint={isTouched.value ? 'enter' : 'send'}
        onInput={event => write(event.currentTarget.value)}
        onKeyDown={press}
      />
      <button
        type="submit"
        class="send"
        aria-label={words.send}
        title={words.send}
        aria-disabled={!canSend}
        // A finger on it takes no focus: the keyboard on the screen stays for the next message.
        onMouseDown={event => event.preventDefault()}
      >
        <Icon name="send" />
      </button>
      <p id="composer-note" class="composer-note" data-over={left < 0}>
        {left < 0 ? words.bytesOver(-left) : left < maxBytes - warnAtBytes ? words.bytesLeft(left) : ''}
      </p>
    </form>
  );
}
