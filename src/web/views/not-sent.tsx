import type { Row } from '../state/row.ts';
import { useChat, useWords } from './context.ts';
import { Icon } from './icon.tsx';

/** Why one's message will not appear, and what can be done about it. */
export function NotSent({ row }: { row: Pick<Row, 'id' | 'failure'> }) {
  const chat = useChat();
  const words = useWords();
  const reasons: Record<string, string> = words.notSentBecause;
  const { failure = 'other' } = row;
  return (
    <p class="not-sent">
      <Icon name="alert" size={16} />
      <span>
        <strong>{words.notSent}</strong>:{' '}
        {Object.hasOwn(reasons, failure) ? reasons[failure] : reasons['other']}
      </span>
      <button type="button" class="link-button" onClick={() => chat.client.retry(row.id)}>
        {words.retry}
      </button>
      <button type="button" class="link-button" onClick={() => chat.client.discard(row.id)}>
        {words.delete}
      </button>
    </p>
  );
}
