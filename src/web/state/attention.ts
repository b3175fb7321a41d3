import { type ReadonlySignal, signal } from '@preact/signals';

const attending = signal(isLooking());

/** Somebody looks at this page: it is in front, and has the focus. Only then something counts as read. */
export const isAttending: ReadonlySignal<boolean> = attending;

const look = () => {
  attending.value = isLooking();
};
for (const event of ['focus', 'blur', 'visibilitychange', 'pageshow', 'pagehide'])
  addEventListener(event, look, { capture: true });

function isLooking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}
