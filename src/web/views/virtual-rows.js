import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { options } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';
/** Only the rows that are in view, and some around them; what is read stays where it is when others come or change height. */
export function useRows(wish) {
    const { count, key, estimate, scroller, paddingStart, follow, endThreshold } = wish;
    const [, redraw] = useReducer((n) => n + 1, 0);
    const held = useRef(undefined);
    const wanted = {
        count,
        getItemKey: key,
        estimateSize: estimate,
        getScrollElement: scroller,
        paddingStart,
        overscan: 8,
        anchorTo: 'end',
        followOnAppend: follow,
        scrollEndThreshold: endThreshold,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        // A scroll position that was just corrected and the rows it was corrected for must be painted together.
        onChange: (_, isUrgent) => (isUrgent ? drawNow(() => redraw(undefined)) : redraw(undefined)),
    };
    held.current ??= new Virtualizer(wanted);
    const rows = held.current;
    rows.setOptions(wanted);
    useLayoutEffect(() => rows._didMount(), [rows]);
    useLayoutEffect(() => rows._willUpdate());
    return rows;
}
/** Renders what `change` asks for before it returns. */
function drawNow(change) {
    const usual = options.debounceRendering;
    let draw;
    options.debounceRendering = render => {
        draw = render;
    };
    try {
        change();
        draw?.();
    }
    finally {
        if (usual)
            options.debounceRendering = usual;
        else
            delete options.debounceRendering;
    }
}
