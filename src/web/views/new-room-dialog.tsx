import { useSignal } from '@preact/signals';
import { problemText } from '../words/problem.ts';
import { Choice } from './choice.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { RoomFields, roomFieldsOf } from './room-fields.tsx';

/** Makes a room, and opens it. */
export function NewRoomDialog() {
  const { place, dialogs } = useApp();
  const chat = useChat();
  const words = useWords();
  const kind = useSignal<'public' | 'private'>('public');
  const problem = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const { name, topic } = roomFieldsOf(event);
    if (isBusy.value || name === '') return;
    isBusy.value = true;
    try {
      const { room } = await chat.client.call('room.create', {
        name,
        kind: kind.value,
        ...(topic && { topic }),
      });
      dialogs.close();
      place.go({ name: 'room', room: room.id });
    } catch (thrown) {
      problem.value = problemText(thrown, words);
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <Dialog title={words.newRoom}>
      <form class="dialog-form" onSubmit={submit}>
        <RoomFields problem={problem.value} autofocus />
        <Choice
          legend={words.kind}
          name="kind"
          value={kind.value}
          options={[
            { value: 'public', label: words.kindPublic, hint: words.kindPublicHint },
            { value: 'private', label: words.kindPrivate, hint: words.kindPrivateHint },
          ]}
          onChange={chosen => {
            kind.value = chosen;
          }}
        />
        <div class="button-row end">
          <button type="button" class="button" onClick={() => dialogs.close()}>
            {words.cancel}
          </button>
          <button type="submit" class="button primary" aria-disabled={isBusy.value}>
            {isBusy.value ? words.creating : words.create}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
