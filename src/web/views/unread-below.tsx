import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import type { RoomEntry } from '../state/chat.ts';
import { useWords } from './context.ts';
import { Icon } from './icon.tsx';
import { PassingButton } from './passing-button.tsx';

/** In a long list of `rooms`: that there are unread ones below what is in view, and the way to the first of them. */
export function UnreadBelow(props: { list: RefObject<HTMLElement | null>; rooms: readonly RoomEntry[] }) {
  const { list, rooms } = props;
  const words = useWords();
  const isAny = useSignal(false);
  const look = () => {
    isAny.value = firstBelow(list.current) !== undefined;
  };
  useLayoutEffect(look, [rooms]);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [list]);

  const next = () => firstBelow(list.current);
  return (
    <div class="unread-below">
      {isAny.value && (
        <PassingButton class="pill" onPress={() => next()?.scrollIntoView({ block: 'center' })} next={next}>
          <Icon name="down" size={16} />
          <span>{words.unreadBelow}</span>
        </PassingButton>
      )}
    </div>
  );
}

/** Half a room that can be seen is seen. */
function firstBelow(list: HTMLElement | null): HTMLElement | undefined {
  if (!list) return undefined;
  const { bottom } = list.getBoundingClientRect();
  const isBelow = (link: HTMLElement) => {
    const { top, height } = link.getBoundingClientRect();
    return top + height / 2 > bottom;
  };
  return [...list.querySelectorAll<HTMLElement>('.room-link[data-unread="true"]')].find(isBelow);
}
