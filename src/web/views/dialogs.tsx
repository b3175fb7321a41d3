import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from './context.ts';

/** The dialogs, which are loaded once the page itself is there. */
export function Dialogs() {
  const { dialogs, toasts } = useApp();
  const words = useWords();
  const loaded = useSignal<{ Open: ComponentType } | undefined>(undefined);
  const isWanted = dialogs.current.value !== undefined;

  useEffect(() => {
    if (loaded.value) return;
    import('./dialog-set.tsx').then(
      ({ DialogSet }) => {
        loaded.value = { Open: DialogSet };
      },
      () => {
        // Without a network; it is asked for again with the next dialog.
        if (!isWanted) return;
        dialogs.close();
        toasts.show(words.problems.unavailable);
      },
    );
  }, [isWanted]);

  const Open = loaded.value?.Open;
  return Open ? <Open /> : null;
}
