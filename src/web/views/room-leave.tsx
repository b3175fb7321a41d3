import { useSignal } from '@preact/signals';
import type { Room } from 'papo/sdk';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';

/** Leaves a room; of a private one it is said first that there is no way back by oneself. */
export function RoomLeave({ info }: { info: Room }) {
  const { dialogs, place, toasts } = useApp();
  const chat = useChat();
  const words = useWords();
  const isAsking = useSignal(false);

  const leave = async () => {
    try {
      await chat.client.call('room.leave', { room: info.id });
      dialogs.close();
      // Before its door stands what has not been sent to it.
      if (chat.outgoing(info.id).length === 0) place.go({ name: 'home' }, { replace: true });
    } catch (thrown) {
      toasts.show(problemText(thrown, words));
    }
  };
  const ask = (asking: boolean) => () => {
    isAsking.value = asking;
  };

  return (
    <section class="dialog-section">
      {isAsking.value ? (
        <>
          <p>
            <strong>{words.leaveSure}</strong> {info.kind === 'private' && words.leavePrivateHint}
          </p>
          <div class="button-row">
            <button type="button" class="button danger" onClick={leave}>
              {words.leave}
            </button>
            <button type="button" class="button" onClick={ask(false)}>
              {words.stay}
            </button>
          </div>
        </>
      ) : (
        <div class="button-row">
          <button type="button" class="button" onClick={ask(true)}>
            {words.leave}
          </button>
        </div>
      )}
    </section>
  );
}
