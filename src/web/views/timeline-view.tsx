import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { titleOf } from '../state/people.ts';
import type { Timeline } from '../state/timeline.ts';
import { useChat, useWords } from './context.ts';
import { MessageRow } from './message-row.tsx';
import { PassingButton } from './passing-button.tsx';
import { RoomBeginning } from './room-beginning.tsx';
import { RowHeights } from './row-heights.ts';
import { TimelineSkeleton } from './timeline-skeleton.tsx';
import { ToNewest } from './to-newest.tsx';
import { type Rows, useRows } from './virtual-rows.ts';

/** Nearer to the end than this, one follows what is said. */
const endThresholdPx = 72;
/** In which rows are measured, and the scroll position is corrected for it. */
const framesToPlace = 3;
/** When fewer rows than this are left in a direction, more are asked for. */
const rowsAhead = 25;
/** Room for the notice of loading, above the first row. */
const paddingTopPx = 48;
const paddingBottomPx = 16;

/** The messages of the open room. */
export function TimelineView({ timeline }: { timeline: Timeline }) {
  const chat = useChat();
  const words = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const heights = useMemo(() => new RowHeights(), []);
  // Once for each drawing: to ask the browser for each row takes longer than to guess.
  heights.fit(scroller.current?.clientWidth ?? 0);
  const count = timeline.length;
  const rows = useRows({
    count,
    key: timeline.key,
    estimate: useCallback(index => heights.of(timeline.row(index)), [timeline, heights]),
    scroller: useCallback(() => scroller.current, []),
    paddingStart: paddingTopPx,
    paddingEnd: paddingBottomPx,
    follow: timeline.isComplete && timeline.grewLive,
    endThreshold: endThresholdPx,
  });
  const isPlaced = useBeginning(timeline, rows, count);
  useJumps(timeline, rows);

  const lastHeight = useRef<number>(undefined);
  const look = () => {
    if (!isPlaced.peek()) return;
    const height = rows.scrollRect?.height;
    const isOtherHeight = height !== lastHeight.current;
    lastHeight.current = height;
    // A notice above or a longer text below takes its space: whoever is at the end stays there.
    if (isOtherHeight && timeline.isAtEnd.peek()) rows.scrollToEnd();
    else timeline.isAtEnd.value = timeline.isComplete && rows.getDistanceFromEnd() <= endThresholdPx;
    const view = visibleRange(rows);
    if (view) timeline.see(timeline.isAtEnd.peek() ? count - 1 : view.last);
    if (view && view.first < rowsAhead) void timeline.loadOlder();
    if (view && view.last > count - rowsAhead) void timeline.loadNewer();
  };
  useLayoutEffect(look);
  useResizes(scroller, look);
  useEffect(() => () => chat.close(timeline), [chat, timeline]);

  // The browser's own way there is long, and what comes into view on it changes where the end is.
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'End' || event.target !== event.currentTarget) return;
    event.preventDefault();
    timeline.toNewest();
  };

  const next = () => scroller.current;
  const { older } = timeline;
  const { info } = timeline.replica;
  const title = titleOf(info);
  return (
    <div class="timeline">
      <section
        class="scroller"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
        tabIndex={0}
        aria-label={info.kind === 'direct' ? words.messagesWith(title) : words.messagesIn(title)}
        onScroll={look}
        onKeyDown={press}
      >
        {count === 0 && (
          <TimelineSkeleton isFailed={older === 'failed'} onRetry={() => timeline.reopen()} next={next} />
        )}
        <ol class="rows" style={{ height: `${rows.getTotalSize()}px` }} data-placed={isPlaced.value}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const row = timeline.row(index);
            return (
              <li
                key={key}
                class="row"
                data-index={index}
                data-seq={row?.seq}
                ref={rows.measureElement}
                style={{ transform: `translateY(${start}px)` }}
              >
                {row ? <MessageRow row={row} /> : <RoomBeginning room={info} />}
              </li>
            );
          })}
        </ol>
        {count > 0 && (older === 'loading' || older === 'failed') && (
          <p class="older">
            {older === 'loading' ? words.loadingOlder : words.loadingFailed}{' '}
            {older === 'failed' && (
              <PassingButton
                class="link-button"
                onPress={() => timeline.loadOlder({ again: true })}
                next={next}
              >
                {words.retry}
              </PassingButton>
            )}
          </p>
        )}
      </section>
      {isPlaced.value && <ToNewest timeline={timeline} next={next} />}
    </div>
  );
}

/** Brings the room to where reading begins, before it is shown. */
function useBeginning(timeline: Timeline, rows: Rows, count: number) {
  const isPlaced = useSignal(false);
  const isPlacing = useRef(false);
  useLayoutEffect(() => {
    if (isPlaced.peek() || count === 0) return;
    const first = timeline.firstUnreadIndex;
    if (first === undefined) rows.scrollToEnd();
    else rows.scrollToIndex(first, { align: 'start' });
    if (isPlacing.current) return;
    isPlacing.current = true;
    // Shown once the rows there have been measured. Nothing is loaded before: the target is an index, and would be another row.
    afterFrames(framesToPlace, () => {
      rows.cancelScroll();
      isPlaced.value = true;
    });
  });
  return isPlaced;
}

/** Looks again when it gets higher or lower. The virtualizer, whose observer is older, knows its height by then. */
function useResizes(scroller: RefObject<HTMLElement | null>, look: () => void): void {
  const latest = useRef(look);
  latest.current = look;
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => latest.current());
    if (scroller.current) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [scroller]);
}

/** Brings it to the end, whenever that is wished. */
function useJumps(timeline: Timeline, rows: Rows): void {
  const jumps = timeline.jumps.value;
  useEffect(() => {
    if (jumps > 0) rows.scrollToEnd();
  }, [jumps]);
}

function afterFrames(count: number, run: () => void): void {
  if (count === 0) run();
  else requestAnimationFrame(() => afterFrames(count - 1, run));
}

function visibleRange(rows: Rows): { first: number; last: number } | undefined {
  const { scrollOffset, scrollRect } = rows;
  const items = rows.getVirtualItems();
  if (scrollOffset === null || !scrollRect || items.length === 0) return undefined;
  const bottom = scrollOffset + scrollRect.height;
  return {
    first: items.find(({ end }) => end > scrollOffset)?.index ?? 0,
    last: items.findLast(({ end }) => end <= bottom + 1)?.index ?? items[0]?.index ?? 0,
  };
}
