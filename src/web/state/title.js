import { titleOf } from './people.ts';
/** The title of the tab: how many rooms and people have said something new, and which room is open. */
export function showTitle(chat, place) {
    const waiting = [...chat.rooms.value, ...chat.directs.value].filter(({ unread }) => unread > 0).length;
    const open = place.room === undefined ? undefined : chat.room(place.room);
    const name = open ? `${titleOf(open.info)} · papo` : 'papo';
    document.title = waiting > 0 ? `(${waiting}) ${name}` : name;
}
