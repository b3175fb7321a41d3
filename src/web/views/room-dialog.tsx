import { useSignal } from '@preact/signals';
import type { Member, Room, User } from 'papo/sdk';
import { useEffect, useMemo } from 'preact/hooks';
import { Paged } from '../state/paged.ts';
import { titleOf } from '../state/people.ts';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { ListEnd } from './list-end.tsx';
import { MemberRow } from './member-row.tsx';
import { PersonPicker } from './person-picker.tsx';
import { RoomForm } from './room-form.tsx';
import { RoomLeave } from './room-leave.tsx';

/** What a room is, who is in it, and what one may do about it. */
export function RoomDialog({ id }: { id: string }) {
  const { dialogs } = useApp();
  const chat = useChat();
  const words = useWords();
  const replica = chat.room(id);
  const isIn = replica !== undefined;
  // Put out of the room, or gone from it in another tab.
  useEffect(() => {
    if (!isIn) dialogs.close();
  }, [isIn]);
  if (!replica) return null;
  const { info } = replica;
  const kinds = { public: words.publicRoom, private: words.privateRoom, direct: words.directRoom };
  return (
    <Dialog title={titleOf(info)} class="tall">
      <p class="quiet">
        {kinds[info.kind]}
        {info.peer ? ` · @${info.peer.username}` : ` · ${words.members(info.memberCount)}`}
      </p>
      {info.kind !== 'direct' && (
        <>
          {info.role === 'owner' ? <RoomForm info={info} /> : info.topic && <p>{info.topic}</p>}
          <RoomMembers info={info} />
          <RoomLeave info={info} />
        </>
      )}
    </Dialog>
  );
}

function RoomMembers({ info }: { info: Room }) {
  const { toasts } = useApp();
  const chat = useChat();
  const words = useWords();
  const isInviting = useSignal(false);
  const members = useMemo(() => new Paged<Member>(), []);
  const { id } = info;
  const start = () => void members.start(chat.client.members(id));
  // Who comes and goes meanwhile is seen.
  useEffect(start, [info.memberCount]);

  const attempt = async (done: string, work: () => Promise<unknown>) => {
    try {
      await work();
      toasts.show(done);
    } catch (thrown) {
      toasts.show(problemText(thrown, words));
    }
  };
  const invite = (user: User) =>
    attempt(words.invited(user.displayName), () =>
      chat.client.call('room.invite', { room: id, user: user.id }),
    );
  const remove = (user: User) =>
    attempt(words.removed(user.displayName), () =>
      chat.client.call('room.remove', { room: id, user: user.id }),
    );

  return (
    <section class="dialog-section">
      <header class="section-head">
        <h3>{words.people}</h3>
        <button
          type="button"
          class="button small"
          aria-expanded={isInviting.value}
          onClick={() => {
            isInviting.value = !isInviting.value;
          }}
        >
          {words.invitePerson}
        </button>
      </header>
      {isInviting.value && <PersonPicker action={words.invite} onPick={invite} autofocus />}
      <ul class="rows-list">
        {members.items.value.map(member => (
          <MemberRow
            key={member.user.id}
            member={member}
            onRemove={
              info.role === 'owner' && member.user.id !== chat.me?.id ? () => remove(member.user) : undefined
            }
          />
        ))}
      </ul>
      <ListEnd list={members} onRetry={start} />
    </section>
  );
}
