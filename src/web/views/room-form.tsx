import { useSignal } from '@preact/signals';
import type { Room } from 'papo/sdk';
import { problemText } from '../words/problem.ts';
import { useChat, useWords } from './context.ts';
import { RoomFields, roomFieldsOf } from './room-fields.tsx';

/** Its owner gives a room another name or topic. */
export function RoomForm({ info }: { info: Room }) {
  const chat = useChat();
  const words = useWords();
  const problem = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const { name, topic } = roomFieldsOf(event);
    if (isBusy.value || name === '') return;
    isBusy.value = true;
    problem.value = undefined;
    try {
      await chat.client.call('room.update', {
        room: info.id,
        ...(name !== info.name && { name }),
        ...(topic !== (info.topic ?? '') && { topic }),
      });
    } catch (thrown) {
      problem.value = problemText(thrown, words);
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <form class="dialog-form" onSubmit={submit}>
      <RoomFields info={info} problem={problem.value} />
      <div class="button-row end">
        <button type="submit" class="button" aria-disabled={isBusy.value}>
          {words.save}
        </button>
      </div>
    </form>
  );
}
