import type { ConnectionNotice } from '../state/notice.ts';
import { useChat, useWords } from './context.ts';

/** What is to be said about the connection, above the room. It takes no focus and no typing away. */
export function NoticeBar({ notice }: { notice: ConnectionNotice }) {
  const chat = useChat();
  const words = useWords();
  const shown = notice.value.value;
  const waiting = chat.outgoing().filter(({ state }) => state === 'queued' || state === 'sending').length;
  const isOut = shown === 'offline' || shown === 'reconnecting';
  return (
    <div class="notice-bar" role="status" data-notice={shown ?? 'none'}>
      {shown === 'complete' && <span>{words.complete}</span>}
      {isOut && (
        <>
          <span>{shown === 'offline' ? words.offline : words.reconnecting}</span>
          {waiting > 0 && <span class="notice-count">{words.waitingCount(waiting)}</span>}
          <button type="button" class="link-button" onClick={() => chat.client.connect()}>
            {words.retryNow}
          </button>
        </>
      )}
    </div>
  );
}
