import type { Row } from '../state/row.ts';
import { datesOf, daysAgo } from '../words/dates.ts';
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon } from './icon.tsx';
import { NotSent } from './not-sent.tsx';
import { RichText } from './rich-text.tsx';

/** One message; above it, where one begins, the day, and the mark of the first one unread. */
export function MessageRow({ row }: { row: Row }) {
  const { preferences } = useApp();
  const words = useWords();
  const dates = datesOf(preferences.language.value);
  const { sender, startsGroup } = row;
  const time = (
    <time dateTime={new Date(row.at).toISOString()} title={dates.full(row.at)}>
      {startsGroup ? dates.time(row.at) : dates.shortTime(row.at)}
    </time>
  );
  return (
    <>
      {row.startsDay && <DaySeparator at={row.at} />}
      {row.isFirstUnread && (
        <div class="unread-divider">
          <span>{words.new}</span>
        </div>
      )}
      <article class="message" data-first={startsGroup} data-delivery={row.delivery}>
        {startsGroup ? (
          <Avatar id={sender.id} name={sender.displayName} />
        ) : (
          <span class="gutter-time">{time}</span>
        )}
        <div class="message-content">
          {startsGroup ? (
            <header>
              <span class="sender" title={`@${sender.username}`}>
                {sender.displayName}
              </span>
              {time}
            </header>
          ) : (
            <span class="visually-hidden">{sender.displayName}</span>
          )}
          <div class="text">
            <RichText text={row.text} />
          </div>
          {row.delivery === 'failed' && <NotSent row={row} />}
        </div>
        {row.isMine && <DeliveryMark row={row} />}
      </article>
    </>
  );
}

function DaySeparator({ at }: { at: number }) {
  const { preferences } = useApp();
  const words = useWords();
  const ago = daysAgo(at);
  const day = datesOf(preferences.language.value).day(at);
  return (
    <h3 class="day">
      <span>{ago === 0 ? words.today : ago === 1 ? words.yesterday : day}</span>
    </h3>
  );
}

/** Whether one's own message is out: a clock while it waits, a tick once everyone has it. */
function DeliveryMark({ row }: { row: Row }) {
  const chat = useChat();
  const words = useWords();
  if (row.delivery === 'failed') return null;
  const isLive = chat.connection.name === 'live';
  const label = row.delivery === 'stored' ? words.sent : isLive ? words.sending : words.waiting;
  return (
    <span class="delivery-mark" title={label}>
      <Icon name={row.delivery === 'stored' ? 'check' : 'clock'} size={14} />
      <span class="visually-hidden">{label}</span>
    </span>
  );
}
