import { useWords } from './context.ts';
import { PassingButton } from './passing-button.tsx';

/** Where no message is there yet: that some are coming, or that they couldn't be loaded. */
export function TimelineSkeleton(props: {
  isFailed: boolean;
  onRetry: () => void;
  next: () => HTMLElement | null;
}) {
  const words = useWords();
  if (props.isFailed) {
    return (
      <div class="placeholder" role="alert">
        <p>{words.loadingFailed}</p>
        <PassingButton class="button" onPress={props.onRetry} next={props.next}>
          {words.retry}
        </PassingButton>
      </div>
    );
  }
  return (
    <div class="skeleton-messages" aria-hidden="true">
      {[5, 3, 8, 4].map(width => (
        <div class="skeleton-message" key={width} style={{ '--width': width }} />
      ))}
    </div>
  );
}
