import { useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { useOpenDirect } from './open-direct.ts';
import { PersonPicker } from './person-picker.tsx';

/** Finds somebody to write to. */
export function NewDirectDialog() {
  const words = useWords();
  const openDirect = useOpenDirect();
  return (
    <Dialog title={words.newDirect} class="tall">
      <PersonPicker action={words.open} onPick={openDirect} autofocus />
    </Dialog>
  );
}
