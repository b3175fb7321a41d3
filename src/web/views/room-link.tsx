import type { RoomEntry } from '../state/chat.ts';
import { pathOf } from '../state/route.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useWords } from './context.ts';
import { Icon } from './icon.tsx';

const mostShown = 99;

/** A room in the list: bold when something in it is unread; a direct one says how much. */
export function RoomLink({ room }: { room: RoomEntry }) {
  const { place } = useApp();
  const words = useWords();
  const { id, info, title, unread } = room;
  const route = { name: 'room', room: id } as const;
  const open = (event: MouseEvent) => {
    // A click that asks for another tab or window gets it.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    place.go(route);
  };
  return (
    <a
      class="room-link"
      href={pathOf(route)}
      data-unread={unread > 0}
      aria-current={place.room === id ? 'page' : undefined}
      onClick={open}
    >
      <RoomSign room={room} />
      <span class="room-link-name">{title}</span>
      {unread > 0 && info.kind === 'direct' && (
        <span class="count">
          <span aria-hidden="true">{unread > mostShown ? `${mostShown}+` : unread}</span>
          <span class="visually-hidden">{words.unread(unread)}</span>
        </span>
      )}
      {unread > 0 && info.kind !== 'direct' && (
        <span class="dot">
          <span class="visually-hidden">{words.hasUnread}</span>
        </span>
      )}
    </a>
  );
}

/** What kind of room it is, at a glance: a person's avatar for a direct one. */
export function RoomSign({ room: { info, title } }: { room: Pick<RoomEntry, 'info' | 'title'> }) {
  if (info.kind === 'direct') return <Avatar id={info.peer?.id ?? info.id} name={title} size="s" />;
  return (
    <span class="room-sign">
      <Icon name={info.kind === 'private' ? 'lock' : 'hash'} size={16} />
    </span>
  );
}
