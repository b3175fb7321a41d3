import { useApp, useWords } from './context.ts';
import { IconButton } from './icon.tsx';

export function ToastList() {
  const { toasts } = useApp();
  const words = useWords();
  return (
    <div class="toasts" role="status">
      {toasts.all.value.map(({ id, text, action }) => (
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
