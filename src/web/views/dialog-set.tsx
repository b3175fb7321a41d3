import { BrowseDialog } from './browse-dialog.tsx';
import { useApp } from './context.ts';
import { KeysDialog } from './keys-dialog.tsx';
import { NewDirectDialog } from './new-direct-dialog.tsx';
import { NewRoomDialog } from './new-room-dialog.tsx';
import { PeopleDialog } from './people-dialog.tsx';
import { RoomDialog } from './room-dialog.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { SwitcherDialog } from './switcher-dialog.tsx';

/** Every dialog there is; of them, the one that is open. */
export function DialogSet() {
  const { dialogs, place } = useApp();
  switch (dialogs.current.value) {
    case 'switcher':
      return <SwitcherDialog />;
    case 'new-room':
      return <NewRoomDialog />;
    case 'browse':
      return <BrowseDialog />;
    case 'new-direct':
      return <NewDirectDialog />;
    case 'room':
      return place.room === undefined ? null : <RoomDialog id={place.room} key={place.room} />;
    case 'settings':
      return <SettingsDialog />;
    case 'keys':
      return <KeysDialog />;
    case 'people':
      return <PeopleDialog />;
    case undefined:
      return null;
  }
}
