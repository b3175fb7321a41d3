import type { App } from '../app.ts';
import type { Chat, RoomEntry } from './chat.ts';

/** The keys that work everywhere on the page. @returns what ends it. */
export function listenToKeys(chat: Chat, app: App): () => void {
  const listen = (event: KeyboardEvent) => {
    if (!event.defaultPrevented && !event.isComposing && press(event, chat, app)) event.preventDefault();
  };
  addEventListener('keydown', listen);
  return () => removeEventListener('keydown', listen);
}

/** @returns whether the key meant something. */
function press(event: KeyboardEvent, chat: Chat, { dialogs, place }: App): boolean {
  const { key, altKey, shiftKey } = event;
  const isCommand = event.ctrlKey || event.metaKey;
  const isDialogOpen = dialogs.current.value !== undefined;
  if (isCommand && !altKey && !shiftKey && key.toLowerCase() === 'k') {
    if (dialogs.current.value === 'switcher') dialogs.close();
    else dialogs.open('switcher');
    return true;
  }
  if (isDialogOpen || isCommand) return false;
  if (altKey && (key === 'ArrowDown' || key === 'ArrowUp')) {
    const next = neighbour(chat, place.room, key === 'ArrowDown' ? 1 : -1, { unreadOnly: shiftKey });
    if (next) place.go({ name: 'room', room: next.id });
    return true;
  }
  if (altKey) return false;
  if (key === '?' && !isTyping(event.target)) {
    dialogs.open('keys');
    return true;
  }
  if (key === 'Escape') {
    const replica = place.room === undefined ? undefined : chat.client.rooms.get(place.room);
    if (replica) chat.timeline(replica).toNewest();
    return replica !== undefined;
  }
  return false;
}

/** The room after or before the open one in the list, all the way round. */
function neighbour(
  chat: Chat,
  open: string | undefined,
  step: 1 | -1,
  { unreadOnly }: { unreadOnly: boolean },
): RoomEntry | undefined {
  const all = [...chat.rooms.value, ...chat.directs.value];
  const here = all.findIndex(({ id }) => id === open);
  for (let distance = 1; distance <= all.length; distance++) {
    const from = here < 0 && step < 0 ? all.length : here;
    const room = all[(from + step * distance + 2 * all.length) % all.length];
    if (room && room.id !== open && (!unreadOnly || room.unread > 0)) return room;
  }
  return undefined;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  );
}
