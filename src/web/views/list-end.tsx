import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Paged } from '../state/paged.ts';
import { useWords } from './context.ts';

/** Below a list that comes in pages: more, nothing, or what went wrong. `empty`: what is said where there is nothing. */
export function ListEnd<T>(props: { list: Paged<T>; empty?: string; onRetry: () => void }) {
  const { list, empty, onRetry } = props;
  const words = useWords();
  const state = list.state.value;
  const isEmpty = list.items.value.length === 0;
  /** What comes now was asked for by the button: it stays, and the focus on it, until that has come. */
  const isAwaited = useSignal(false);
  const wasPressed = useRef(false);
  const end = useRef<HTMLDivElement>(null);
  const isLoading = state === 'loading';
  const isFailed = state === 'failed';
  const hasButton = isFailed || state === 'more' || (isLoading && isAwaited.value);

  useLayoutEffect(() => {
    if (isLoading || !isAwaited.peek()) return;
    isAwaited.value = false;
    // The button has gone, and the focus with it: one goes on from where it was.
    if (state === 'done' && document.activeElement === document.body) end.current?.focus();
  }, [state]);

  const press = () => {
    if (isLoading) return;
    isAwaited.value = true;
    wasPressed.current = true;
    if (isFailed) onRetry();
    else void list.more();
  };

  return (
    <div class="list-end" ref={end} tabIndex={-1}>
      <span role="status">
        {isEmpty && isLoading && !hasButton && words.loading}
        {isEmpty && state === 'done' && empty}
        {!isEmpty && state === 'done' && wasPressed.current && words.allShown}
      </span>
      <span role="alert">{isFailed && words.loadingFailed}</span>{' '}
      {hasButton && (
        <button type="button" class="link-button" aria-disabled={isLoading} onClick={press}>
          {isLoading ? words.loading : isFailed ? words.retry : words.more}
        </button>
      )}
    </div>
  );
}
