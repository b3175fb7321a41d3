import type { Room } from 'papo/sdk';
import { titleOf } from '../state/people.ts';
import { Avatar } from './avatar.tsx';
import { useWords } from './context.ts';

/** Above a room's first message. */
export function RoomBeginning({ room }: { room: Room }) {
  const words = useWords();
  const title = titleOf(room);
  const { peer } = room;
  return (
    <div class="beginning">
      {peer && <Avatar id={peer.id} name={peer.displayName} size="l" />}
      <h2>{peer ? words.beginningDirect(title) : words.beginning(title)}</h2>
      {room.topic && <p>{room.topic}</p>}
      {room.lastSeq === 0 && <p class="quiet">{words.beginningHint}</p>}
    </div>
  );
}
