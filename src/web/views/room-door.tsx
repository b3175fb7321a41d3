import { useSignal } from '@preact/signals';
import type { Room } from 'papo/sdk';
import { ChatError } from 'papo/sdk';
import { useEffect } from 'preact/hooks';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
import { NotSent } from './not-sent.tsx';
import { PassingButton } from './passing-button.tsx';
import { Placeholder } from './placeholder.tsx';

type Looked =
  | { name: 'looking' }
  | { name: 'found'; room: Room }
  | { name: 'absent' }
  | { name: 'failed'; text: string };

/** A room that one isn't in: a public one can be joined; of any other nothing is known. */
export function RoomDoor({ id }: { id: string }) {
  const { toasts } = useApp();
  const chat = useChat();
  const words = useWords();
  const looked = useSignal<Looked>({ name: 'looking' });
  const tries = useSignal(0);

  useEffect(() => {
    const leaving = new AbortController();
    looked.value = { name: 'looking' };
    chat.client.call('room.get', { room: id }, { signal: leaving.signal }).then(
      ({ room }) => {
        looked.value = { name: 'found', room };
      },
      thrown => {
        if (leaving.signal.aborted) return;
        const { code } = ChatError.of(thrown);
        const isAbsent = code === 'not_found' || code === 'bad_request';
        looked.value = isAbsent ? { name: 'absent' } : { name: 'failed', text: problemText(thrown, words) };
      },
    );
    return () => leaving.abort();
  }, [id, tries.value, chat.connection.name === 'live']);

  const join = async () => {
    try {
      await chat.client.call('room.join', { room: id });
    } catch (thrown) {
      toasts.show(problemText(thrown, words));
    }
  };

  if (!chat.hasSynced && chat.connection.name === 'waiting') {
    return (
      <Placeholder title={words.unreachable} hint={words.unreachableHint}>
        <PassingButton class="button" onPress={() => chat.client.connect()} next={main}>
          {words.retryNow}
        </PassingButton>
      </Placeholder>
    );
  }
  const state = looked.value;
  switch (state.name) {
    case 'looking':
      return <Placeholder title={words.starting} />;
    case 'absent':
      return (
        <Placeholder title={words.noSuchRoom} hint={words.noSuchRoomHint}>
          <LeftBehind room={id} />
        </Placeholder>
      );
    case 'failed':
      return (
        <Placeholder title={words.roomFailed} hint={state.text}>
          <PassingButton class="button" onPress={() => tries.value++} next={main}>
            {words.retry}
          </PassingButton>
        </Placeholder>
      );
    case 'found':
      return (
        <Placeholder title={state.room.name ?? ''} hint={state.room.topic ?? words.joinHint}>
          <p class="quiet">{words.members(state.room.memberCount)}</p>
          <button type="button" class="button primary" onClick={join}>
            {words.join}
          </button>
          <LeftBehind room={id} />
        </Placeholder>
      );
  }
}

const main = () => document.getElementById('main');

/** What one has written into a room that one is no longer in, and that therefore never went out. */
function LeftBehind({ room }: { room: string }) {
  const chat = useChat();
  return (
    <ul class="left-behind">
      {chat
        .outgoing(room)
        .filter(({ state }) => state === 'failed')
        .map(({ id, text, error }) => (
          <li key={id}>
            <p>{text}</p>
            <NotSent row={{ id, failure: error?.code }} />
          </li>
        ))}
    </ul>
  );
}
