import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';
import { ToastList } from './toast-list.tsx';

/** Above the page, with the rest out of reach; Esc closes it, and the focus goes back to where it was. */
export function Dialog(props: { title: string; children: ComponentChildren; class?: string }) {
  const { dialogs } = useApp();
  const words = useWords();
  const element = useRef<HTMLDialogElement>(null);
  /** Text that is marked from inside to beyond the edge is no click beside it. */
  const isPressedBeside = useRef(false);
  const titleId = useId();

  useLayoutEffect(() => {
    const dialog = element.current;
    const opener = document.activeElement;
    const close = () => dialogs.close();
    // Esc: by itself it would give the focus back at once and tell of the end later, which would close what is opened between.
    dialog?.addEventListener('cancel', event => {
      event.preventDefault();
      close();
    });
    dialog?.addEventListener('close', close);
    dialog?.showModal();
    return () => {
      // Told later, this one's end would close the dialog that has taken its place.
      dialog?.removeEventListener('close', close);
      dialog?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it closes it; by keyboard Esc does
    <dialog
      ref={element}
      class={`dialog ${props.class ?? ''}`}
      aria-labelledby={titleId}
      onMouseDown={event => {
        isPressedBeside.current = event.target === event.currentTarget;
      }}
      onClick={event => isPressedBeside.current && event.target === event.currentTarget && dialogs.close()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={titleId}>{props.title}</h2>
          <IconButton icon="close" label={words.close} onClick={() => dialogs.close()} />
        </header>
        {props.children}
      </div>
      <ToastList isInDialog />
    </dialog>
  );
}
