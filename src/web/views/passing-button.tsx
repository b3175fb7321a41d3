import type { ComponentChildren } from 'preact';

/**
 * A button that goes when it has done its work. Pressed by keyboard, it gives the focus to what is `next`; clicked, it takes
 * none from what is written.
 */
export function PassingButton(props: {
  class: string;
  label?: string;
  onPress: () => void;
  next: () => HTMLElement | null | undefined;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class={props.class}
      aria-label={props.label}
      onMouseDown={event => event.preventDefault()}
      onClick={({ currentTarget }) => {
        const next = currentTarget === document.activeElement ? props.next() : undefined;
        props.onPress();
        next?.focus();
      }}
    >
      {props.children}
    </button>
  );
}
