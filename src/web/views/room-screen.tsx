import { titleOf } from '../state/people.ts';
import { reloadFromServer } from '../state/updates.ts';
import { keyNames } from '../words/key-names.ts';
import { Composer } from './composer.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon, IconButton } from './icon.tsx';
import { Placeholder } from './placeholder.tsx';
import { RoomDoor } from './room-door.tsx';
import { RoomSign } from './room-link.tsx';
import { TimelineView } from './timeline-view.tsx';

/** The room of the address; or what there is to say where none is open. */
export function RoomScreen() {
  const { place, dialogs } = useApp();
  const chat = useChat();
  const words = useWords();
  const id = place.room;
  const { refusal } = chat;
  if (refusal !== undefined) {
    return (
      <Placeholder title={words.refused} hint={words.refusedHint}>
        <code lang="en">{refusal}</code>
        <button type="button" class="button" onClick={reloadFromServer}>
          {words.reload}
        </button>
      </Placeholder>
    );
  }
  if (id === undefined) {
    return <Placeholder title={words.nothingOpen} hint={words.nothingOpenHint(`${keyNames.command} K`)} />;
  }
  const replica = chat.room(id);
  if (!replica) return <RoomDoor id={id} key={id} />;
  const { info } = replica;
  const title = titleOf(info);
  return (
    <>
      <header class="room-head">
        <IconButton icon="back" label={words.back} class="only-narrow" onClick={() => place.leaveRoom()} />
        <RoomSign room={{ info, title }} />
        <div class="room-title">
          <h1>{title}</h1>
          {info.topic && <p class="room-topic">{info.topic}</p>}
        </div>
        <button
          type="button"
          class="room-members"
          aria-label={`${words.roomDetails}: ${words.members(info.memberCount)}`}
          title={words.roomDetails}
          onClick={() => dialogs.open('room')}
        >
          <Icon name={info.kind === 'direct' ? 'info' : 'people'} />
          {info.kind !== 'direct' && <span aria-hidden="true">{info.memberCount}</span>}
        </button>
      </header>
      <TimelineView timeline={chat.timeline(replica)} key={id} />
      <Composer room={info} title={title} key={`composer ${id}`} />
    </>
  );
}
