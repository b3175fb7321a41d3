import { useSignal } from '@preact/signals';
import type { Member } from 'papo/sdk';
import { Avatar } from './avatar.tsx';
import { useChat, useWords } from './context.ts';
import { IconButton } from './icon.tsx';
import { useOpenDirect } from './open-direct.ts';

/** Someone in a room. To remove them takes a second press: the first one asks. */
export function MemberRow({ member, onRemove }: { member: Member; onRemove?: (() => void) | undefined }) {
  const chat = useChat();
  const words = useWords();
  const openDirect = useOpenDirect();
  const isAsking = useSignal(false);
  const { user, role } = member;
  const isMe = user.id === chat.me?.id;
  const note = [`@${user.username}`, role === 'owner' && words.owner, isMe && words.you]
    .filter(Boolean)
    .join(' · ');
  return (
    <li>
      <Avatar id={user.id} name={user.displayName} />
      <div class="rows-list-text">
        <strong>{user.displayName}</strong>
        <small>{note}</small>
      </div>
      {!isMe && (
        <IconButton
          icon="speech"
          label={words.writeDirect(user.displayName)}
          onClick={() => openDirect(user)}
        />
      )}
      {onRemove && (
        <button
          type="button"
          class={isAsking.value ? 'button small danger' : 'button small'}
          aria-label={
            isAsking.value ? words.removeSure(user.displayName) : `${words.remove}: ${user.displayName}`
          }
          onClick={() => {
            if (isAsking.value) onRemove();
            isAsking.value = !isAsking.value;
          }}
          onBlur={() => {
            isAsking.value = false;
          }}
        >
          {isAsking.value ? `${words.remove}?` : words.remove}
        </button>
      )}
    </li>
  );
}
