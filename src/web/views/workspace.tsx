import { effect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Announcer } from '../state/announcer.ts';
import type { Chat } from '../state/chat.ts';
import { claimAdministration } from '../state/claim.ts';
import { listenToKeys } from '../state/keys.ts';
import { ConnectionNotice } from '../state/notice.ts';
import { isWide } from '../state/screen.ts';
import { showTitle } from '../state/title.ts';
import { lookAfterOutages } from '../state/updates.ts';
import { ChatContext, useApp, useWords } from './context.ts';
import { Dialogs } from './dialogs.tsx';
import { NoticeBar } from './notice-bar.tsx';
import { RoomScreen } from './room-screen.tsx';
import { Sidebar } from './sidebar.tsx';

/** Everything that one sees signed in: the rooms, and one of them open. */
export function Workspace({ chat }: { chat: Chat }) {
  const app = useApp();
  const words = useWords();
  const { place, preferences, toasts, dialogs, updates } = app;
  const isInRoom = place.room !== undefined || chat.refusal !== undefined;
  const isListOnly = !isInRoom && !isWide.value;
  const notice = useMemo(() => new ConnectionNotice(chat), [chat]);
  const announcer = useMemo(() => new Announcer(chat, () => place.room, preferences), [chat]);
  useEffect(() => {
    claimAdministration(chat, app);
    const closeDialog = () => dialogs.close();
    addEventListener('popstate', closeDialog);
    const stops = [
      () => removeEventListener('popstate', closeDialog),
      // What was open for one login isn't for the next.
      closeDialog,
      listenToKeys(chat, app),
      lookAfterOutages(chat, updates),
      effect(() => showTitle(chat, place)),
      effect(() => rememberRoom(chat, app)),
      effect(() => void (chat.storageFailed && toasts.show(preferences.words.peek().storageFailed))),
      () => notice.dispose(),
      () => announcer.dispose(),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [chat]);

  return (
    <ChatContext.Provider value={chat}>
      {!isListOnly && (
        <a class="skip-link" href="#main">
          {words.skip}
        </a>
      )}
      <div class="workspace" data-open={isInRoom ? 'room' : 'list'}>
        <NoticeBar notice={notice} />
        <Sidebar isAlone={isListOnly} />
        <main class="main" id="main" tabIndex={-1}>
          <RoomScreen />
        </main>
      </div>
      <Dialogs />
      <div class="visually-hidden" aria-live="polite" data-announcer>
        {announcer.text.value}
      </div>
    </ChatContext.Provider>
  );
}

const lastRoomKey = 'last-room';

/** Where there is space for list and room, a room is open: the one that was open last, or else the first. */
function rememberRoom(chat: Chat, { place, storage }: ReturnType<typeof useApp>): void {
  const open = place.room;
  if (open !== undefined) {
    storage.set(lastRoomKey, open);
  } else if (isWide.value && chat.hasSynced) {
    const last = storage.get(lastRoomKey);
    const room =
      (last !== null && chat.room(last)?.id) || chat.rooms.value[0]?.id || chat.directs.value[0]?.id;
    if (room) place.go({ name: 'room', room }, { replace: true });
  }
}
