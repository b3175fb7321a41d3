import type { Paged } from '../state/paged.ts';
import { useWords } from './context.ts';

/** Below a list that comes in pages: more, nothing, or what went wrong. */
export function ListEnd<T>(props: { list: Paged<T>; empty?: string | undefined; onRetry: () => void }) {
  const words = useWords();
  const state = props.list.state.value;
  if (state === 'failed') {
    return (
      <p class="list-end" role="alert">
        {words.loadingFailed}{' '}
        <button type="button" class="link-button" onClick={props.onRetry}>
          {words.retry}
        </button>
      </p>
    );
  }
  if (state === 'done' && props.empty !== undefined) return <p class="list-end">{props.empty}</p>;
  if (state !== 'more') return null;
  return (
    <button type="button" class="link-button list-end" onClick={() => props.list.more()}>
      {words.more}
    </button>
  );
}
