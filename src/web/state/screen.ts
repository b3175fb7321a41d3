import { type ReadonlySignal, signal } from '@preact/signals';

const wide = matchMedia('(width >= 48rem)');
const isWideNow = signal(wide.matches);
wide.addEventListener('change', () => {
  isWideNow.value = wide.matches;
});

/** There is space for the list and a room side by side; else it is one or the other. The style sheets agree. */
export const isWide: ReadonlySignal<boolean> = isWideNow;
