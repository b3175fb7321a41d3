import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { options } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';

export interface RowsOptions {
  count: number;
  key: (index: number) => string;
  /** Before a row has been measured, in pixels. */
  estimate: (index: number) => number;
  scroller: () => HTMLElement | null;
  paddingStart: number;
  paddingEnd: number;
  /** Whoever is at the end stays there when rows are added to it. */
  follow: boolean;
  /** How near the end is as good as there, in pixels. */
  endThreshold: number;
}

export type Rows = Virtualizer<HTMLElement, HTMLElement>;

/** Only the rows that are in view, and some around them; what is read stays where it is when others come or change height. */
export function useRows(wish: RowsOptions): Rows {
  const { count, key, estimate, scroller, paddingStart, paddingEnd, follow, endThreshold } = wish;
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const held = useRef<Rows>(undefined);
  const wanted = {
    count,
    getItemKey: key,
    estimateSize: estimate,
    getScrollElement: scroller,
    paddingStart,
    paddingEnd,
    overscan: 8,
    anchorTo: 'end' as const,
    followOnAppend: follow,
    scrollEndThreshold: endThreshold,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    // A scroll position that was just corrected and the rows it was corrected for must be painted together.
    onChange: (_: Rows, isUrgent: boolean) =>
      isUrgent ? drawNow(() => redraw(undefined)) : redraw(undefined),
  };
  held.current ??= new Virtualizer<HTMLElement, HTMLElement>(wanted);
  const rows = held.current;
  rows.setOptions(wanted);
  // What is read stays where it is: a row above it that comes in, and turns out higher or lower than it was taken for, moves
  // the scroll position instead. By its index: while several are measured at once, their places are not up to date. What has
  // just come into the space that is left free above the first row isn't read yet.
  const top = (rows.scrollOffset ?? 0) + paddingStart;
  const read = rows.getVirtualItems().find(item => item.end > top && rows.itemSizeCache.has(item.key));
  rows.shouldAdjustScrollPositionOnItemSizeChange = item =>
    read ? item.index < read.index : item.start < top;
  useLayoutEffect(() => rows._didMount(), [rows]);
  useLayoutEffect(() => rows._willUpdate());
  return rows;
}

/** Renders what `change` asks for before it returns. */
function drawNow(change: () => void): void {
  const usual = options.debounceRendering;
  let draw: (() => void) | undefined;
  options.debounceRendering = render => {
    draw = render;
  };
  try {
    change();
    draw?.();
  } finally {
    if (usual) options.debounceRendering = usual;
    else delete options.debounceRendering;
  }
}
