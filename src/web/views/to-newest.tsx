import type { Timeline } from '../state/timeline.ts';
import { useWords } from './context.ts';
import { Icon } from './icon.tsx';
import { PassingButton } from './passing-button.tsx';

/** For who reads further up: how much is new below, and the way there. `next`: what has the focus then. */
export function ToNewest({ timeline, next }: { timeline: Timeline; next: () => HTMLElement | null }) {
  const words = useWords();
  if (timeline.isAtEnd.value) return null;
  if (timeline.newer === 'failed') {
    return (
      <p class="to-newest pill" role="alert">
        {words.loadingFailed}{' '}
        <PassingButton class="link-button" onPress={() => timeline.retryNewer()} next={next}>
          {words.retry}
        </PassingButton>
      </p>
    );
  }
  const count = timeline.newBelow;
  return (
    <PassingButton
      class="to-newest pill"
      label={words.toNewest}
      onPress={() => timeline.toNewest()}
      next={next}
    >
      <Icon name="down" size={18} />
      {count > 0 && <span>{words.newBelow(count)}</span>}
    </PassingButton>
  );
}
