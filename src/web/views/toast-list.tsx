import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';

/**
 * The news. Where a dialog is open, nothing outside it can be clicked or is read aloud: there they stand in the dialog, and
 * nowhere else.
 */
export function ToastList({ isInDialog = false }: { isInDialog?: boolean }) {
  const { toasts, dialogs } = useApp();
  const words = useWords();
  const isHere = isInDialog || dialogs.current.value === undefined;
  return (
    <div class="toasts" role="status">
      {isHere &&
        toasts.all.value.map(({ id, text, action }) => (
          <div class="toast" key={id}>
            <span>{text}</span>
            {action && (
              <button type="button" class="button small" onClick={action.run}>
                {action.label}
              </button>
            )}
            <IconButton icon="close" label={words.close} onClick={() => toasts.dismiss(id)} />
          </div>
        ))}
    </div>
  );
}
