import { useRef } from 'preact/hooks';
import type { RoomEntry } from '../state/chat.ts';
import { keyNames } from '../words/key-names.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon, IconButton } from './icon.tsx';
import { RoomLink } from './room-link.tsx';
import { UnreadBelow } from './unread-below.tsx';
import { Wordmark } from './wordmark.tsx';

/** The rooms and people, and oneself. `isAlone`: there is nothing beside it, it is what the page is about. */
export function Sidebar({ isAlone }: { isAlone: boolean }) {
  const { dialogs } = useApp();
  const chat = useChat();
  const words = useWords();
  const { me, refusal } = chat;
  const lists = useRef<HTMLDivElement>(null);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both are landmarks, which have names
    <div class="sidebar" role={isAlone ? 'main' : 'navigation'} aria-label={words.menu}>
      <div class="sidebar-head">
        {isAlone ? (
          <h1>
            <Wordmark />
          </h1>
        ) : (
          <Wordmark />
        )}
        <button type="button" class="find" onClick={() => dialogs.open('switcher')}>
          <Icon name="search" size={18} />
          <span>{words.search}</span>
          <kbd>{keyNames.command} K</kbd>
        </button>
      </div>
      <div class="sidebar-lists" ref={lists}>
        <RoomSection title={words.rooms} rooms={chat.rooms.value} empty={words.roomsEmpty}>
          <IconButton icon="compass" label={words.browseRooms} onClick={() => dialogs.open('browse')} />
          <IconButton icon="plus" label={words.newRoom} onClick={() => dialogs.open('new-room')} />
        </RoomSection>
        <RoomSection title={words.directs} rooms={chat.directs.value} empty={words.directsEmpty}>
          <IconButton icon="plus" label={words.newDirect} onClick={() => dialogs.open('new-direct')} />
        </RoomSection>
        <UnreadBelow list={lists} rooms={[...chat.rooms.value, ...chat.directs.value]} />
      </div>
      <div class="sidebar-foot">
        {me ? (
          <>
            <Avatar id={me.id} name={me.displayName} />
            <span class="me">
              <span class="me-name">{me.displayName}</span>
              <span class="me-username">@{me.username}</span>
            </span>
          </>
        ) : (
          <span class="me quiet">{refusal === undefined && words.starting}</span>
        )}
        <IconButton icon="settings" label={words.settings} onClick={() => dialogs.open('settings')} />
      </div>
    </div>
  );
}

function RoomSection(props: {
  title: string;
  rooms: readonly RoomEntry[];
  empty: string;
  children: preact.ComponentChildren;
}) {
  const { hasSynced, refusal } = useChat();
  return (
    <section class="room-section">
      <header>
        <h2>{props.title}</h2>
        {props.children}
      </header>
      {props.rooms.length > 0 ? (
        <ul>
          {props.rooms.map(room => (
            <li key={room.id}>
              <RoomLink room={room} />
            </li>
          ))}
        </ul>
      ) : hasSynced ? (
        <p class="section-empty">{props.empty}</p>
      ) : refusal !== undefined ? null : (
        <div class="skeleton-list" aria-hidden="true">
          <span class="skeleton" />
          <span class="skeleton" />
          <span class="skeleton" />
        </div>
      )}
    </section>
  );
}
