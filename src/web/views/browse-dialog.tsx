import { useSignal } from '@preact/signals';
import type { Room } from 'papo/sdk';
import { useEffect, useMemo } from 'preact/hooks';
import { Paged } from '../state/paged.ts';
import { problemText } from '../words/problem.ts';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { ListEnd } from './list-end.tsx';
import { SearchField } from './search-field.tsx';
import { useSettled } from './settled.ts';

/** The public rooms: find one, join it, open it. */
export function BrowseDialog() {
  const { dialogs, place, toasts } = useApp();
  const chat = useChat();
  const words = useWords();
  const query = useSignal('');
  const rooms = useMemo(() => new Paged<Room>(), []);
  const wanted = useSettled(query);
  const start = () => void rooms.start(chat.client.browse(wanted ? { query: wanted } : {}));
  useEffect(start, [wanted]);

  const open = async (room: Room) => {
    try {
      if (!chat.client.rooms.has(room.id)) await chat.client.call('room.join', { room: room.id });
      dialogs.close();
      place.go({ name: 'room', room: room.id });
    } catch (thrown) {
      toasts.show(problemText(thrown, words));
    }
  };

  return (
    <Dialog title={words.browseRooms} class="tall">
      <SearchField label={words.filterRooms} query={query} maxLength={80} autofocus />
      <ul class="rows-list" aria-busy={rooms.state.value === 'loading'}>
        {rooms.items.value.map(room => {
          const isIn = chat.room(room.id) !== undefined;
          return (
            <li key={room.id}>
              <div class="rows-list-text">
                <strong>{room.name}</strong>
                <small>
                  {words.members(room.memberCount)}
                  {room.topic && ` · ${room.topic}`}
                </small>
              </div>
              <button
                type="button"
                class="button small"
                aria-label={`${isIn ? words.open : words.join}: ${room.name}`}
                onClick={() => open(room)}
              >
                {isIn ? words.open : words.join}
              </button>
            </li>
          );
        })}
      </ul>
      <ListEnd list={rooms} empty={words.noRoomsFound} onRetry={start} />
      <div class="button-row end">
        <button type="button" class="button" onClick={() => dialogs.open('new-room')}>
          {words.newRoom}
        </button>
      </div>
    </Dialog>
  );
}
