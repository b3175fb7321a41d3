import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { DraftKeeper } from '../state/draft-keeper.ts';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
import { Icon } from './icon.tsx';

/** The server takes no more of one message, in bytes of UTF-8. */
const maxBytes = 16 * 1024;
/** From here on it is said how much is left. */
const warnAtBytes = maxBytes - 1_000;
/** Where there is no keyboard, one that slides up over the messages isn't asked for. */
const hasKeyboard = matchMedia('(hover: hover) and (pointer: fine)');
const encoder = new TextEncoder();

/** Where one writes. What is typed is kept, per room, until it is sent. */
export function Composer({ room, title }: { room: string; title: string }) {
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
    if (hasKeyboard.matches) input.current?.focus();
    return () => keeper.dispose();
  }, [room]);

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
    if (event.key !== 'Enter' || event.shiftKey || event.altKey || isComposing) return;
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
        placeholder={words.writeTo(title)}
        aria-label={words.writeTo(title)}
        aria-describedby="composer-note"
        enterkeyhint="send"
        onInput={event => write(event.currentTarget.value)}
        onKeyDown={press}
      />
      <button type="submit" class="send" aria-label={words.send} title={words.send} aria-disabled={!canSend}>
        <Icon name="send" />
      </button>
      <p id="composer-note" class="composer-note" data-over={left < 0}>
        {left < 0 ? words.bytesOver(-left) : left < maxBytes - warnAtBytes ? words.bytesLeft(left) : ''}
      </p>
    </form>
  );
}
