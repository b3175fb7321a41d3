import { type ReadonlySignal, signal } from '@preact/signals';

/** There is space for the list and a room side by side; else it is one or the other. The style sheets agree. */
export const isWide = following('(width >= 48rem)');

/** It is a finger that points, and the keyboard is most likely drawn on the screen. The style sheets agree. */
export const isTouched = following('(pointer: coarse)');

function following(query: string): ReadonlySignal<boolean> {
  const media = matchMedia(query);
  const matches = signal(media.matches);
  media.addEventListener('change', () => {
    matches.value = media.matches;
  });
  return matches;
}
