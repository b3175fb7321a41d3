import { jsx as _jsx } from "preact/jsx-runtime";
import { BrowseDialog } from './browse-dialog.tsx';
import { useApp } from './context.ts';
import { KeysDialog } from './keys-dialog.tsx';
import { NewDirectDialog } from './new-direct-dialog.tsx';
import { NewRoomDialog } from './new-room-dialog.tsx';
import { RoomDialog } from './room-dialog.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { SwitcherDialog } from './switcher-dialog.tsx';
/** The dialog that is open, if one is. */
export function Dialogs() {
    const { dialogs, place } = useApp();
    switch (dialogs.current.value) {
        case 'switcher':
            return _jsx(SwitcherDialog, {});
        case 'new-room':
            return _jsx(NewRoomDialog, {});
        case 'browse':
            return _jsx(BrowseDialog, {});
        case 'new-direct':
            return _jsx(NewDirectDialog, {});
        case 'room':
            return place.room === undefined ? null : _jsx(RoomDialog, { id: place.room }, place.room);
        case 'settings':
            return _jsx(SettingsDialog, {});
        case 'keys':
            return _jsx(KeysDialog, {});
        case undefined:
            return null;
    }
}
