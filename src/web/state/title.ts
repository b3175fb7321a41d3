import type { Chat } from './chat.ts';
import { titleOf } from './people.ts';
import type { Place } from './route.ts';

/** The title of the tab: how many rooms and people have said something new, and which room is open. */
export function showTitle(chat: Chat, place: Place): void {
  const waiting = [...chat.rooms.value, ...chat.directs.value].filter(({ unread }) => unread > 0).length;
  const open = place.room === undefined ? undefined : chat.room(place.room);
  const name = open ? `${titleOf(open.info)} · papo` : 'papo';
  document.title = waiting > 0 ? `(${waiting}) ${name}` : name;
}
