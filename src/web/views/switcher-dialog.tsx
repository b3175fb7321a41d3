import { useSignal } from '@preact/signals';
import type { User } from 'papo/sdk';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { RoomEntry } from '../state/chat.ts';
import { PeopleSearch } from '../state/people-search.ts';
import { isTouched } from '../state/screen.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { useOpenDirect } from './open-direct.ts';
import { RoomSign } from './room-link.tsx';
import { useSettled } from './settled.ts';

type Choice = { kind: 'room'; room: RoomEntry } | { kind: 'person'; user: User };
const mostRooms = 12;

/** One field for every room and person: type, choose with the arrows, Enter. */
export function SwitcherDialog() {
  const { dialogs, place } = useApp();
  const chat = useChat();
  const words = useWords();
  const openDirect = useOpenDirect();
  const query = useSignal('');
  const at = useSignal(0);
  const wanted = useSettled(query);
  const search = useMemo(() => new PeopleSearch(chat.client), [chat]);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => void search.find(wanted), [wanted]);

  const choices = choicesFor(query.value, [...chat.directs.value, ...chat.rooms.value], search.found.value);
  const chosen = Math.min(at.value, choices.length - 1);
  const idOf = (index: number) => `switcher-${index}`;
  useEffect(
    () => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }),
    [chosen],
  );

  const open = (choice: Choice | undefined) => {
    if (choice?.kind === 'person') {
      void openDirect(choice.user);
    } else if (choice) {
      dialogs.close();
      place.go({ name: 'room', room: choice.room.id });
    }
  };

  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.isComposing || (step === 0 && event.key !== 'Enter')) return;
    event.preventDefault();
    if (step === 0) open(choices[chosen]);
    else at.value = (chosen + step + choices.length) % Math.max(1, choices.length);
  };

  return (
    <Dialog title={words.search} class="tall switcher">
      <input
        class="switcher-input"
        type="text"
        role="combobox"
        aria-label={words.search}
        aria-expanded="true"
        aria-controls="switcher-list"
        aria-activedescendant={chosen >= 0 ? idOf(chosen) : undefined}
        placeholder={words.search}
        autocomplete="off"
        autofocus
        maxLength={64}
        value={query.value}
        onInput={event => {
          query.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={press}
      />
      <div id="switcher-list" class="switcher-list" role="listbox" aria-label={words.search} ref={list}>
        {choices.map((choice, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's, where the focus stays
          <div
            key={choice.kind === 'room' ? choice.room.id : choice.user.id}
            id={idOf(index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => open(choice)}
          >
            <ChoiceText choice={choice} />
          </div>
        ))}
      </div>
      <p class="list-end" role="status">
        {choices.length === 0 && search.state.value === 'answered'
          ? words.nothingFound
          : !isTouched.value && words.switcherHint}
      </p>
    </Dialog>
  );
}

function ChoiceText({ choice }: { choice: Choice }) {
  if (choice.kind === 'person') {
    const { id, displayName, username } = choice.user;
    return (
      <>
        <Avatar id={id} name={displayName} size="s" />
        <span class="switcher-name">{displayName}</span>
        <small>@{username}</small>
      </>
    );
  }
  const { room } = choice;
  return (
    <>
      <RoomSign room={room} />
      <span class="switcher-name" data-unread={room.unread > 0}>
        {room.title}
      </span>
      {room.info.peer && <small>@{room.info.peer.username}</small>}
    </>
  );
}

/** Unread ones first, then by how early what was typed stands in the name; then people one hasn't talked to yet. */
function choicesFor(typed: string, rooms: readonly RoomEntry[], people: readonly User[]): Choice[] {
  const query = folded(typed.trim());
  const rank = (room: RoomEntry) => {
    const names = [room.title, room.info.peer?.username ?? ''].map(name => folded(name).indexOf(query));
    return Math.min(...names.filter(index => index >= 0), Number.POSITIVE_INFINITY);
  };
  const found = rooms
    .map(room => ({ room, rank: rank(room) }))
    .filter(entry => entry.rank !== Number.POSITIVE_INFINITY)
    .sort((a, b) => a.rank - b.rank || Number(b.room.unread > 0) - Number(a.room.unread > 0))
    .slice(0, mostRooms);
  const peers = new Set(rooms.map(({ info }) => info.peer?.id));
  return [
    ...found.map(({ room }): Choice => ({ kind: 'room', room })),
    ...people
      .filter(user => !peers.has(user.id) && isNamed(user, query))
      .map((user): Choice => ({ kind: 'person', user })),
  ];
}

/** Those found last were perhaps found for what stood there before: Enter must not choose one of them. */
function isNamed({ displayName, username }: User, query: string): boolean {
  return [displayName, username].some(name => folded(name).includes(query));
}

/** Without case and accents: "sao" finds "São". */
function folded(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
