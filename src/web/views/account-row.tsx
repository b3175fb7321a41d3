import type { Account } from 'papo/sdk';
import { useId } from 'preact/hooks';
import type { Accounts } from '../state/accounts.ts';
import { datesOf } from '../words/dates.ts';
import { AccountActions } from './account-actions.tsx';
import { Avatar } from './avatar.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Icon } from './icon.tsx';

/** Somebody's account; opened, also what can be done with it. */
export function AccountRow(props: {
  account: Account;
  accounts: Accounts;
  isOpen: boolean;
  onToggle: () => void;
}) {
  const { account, accounts, isOpen, onToggle } = props;
  const { user, administrator, disabledAt } = account;
  const { preferences } = useApp();
  const chat = useChat();
  const words = useWords();
  const id = useId();
  const dates = datesOf(preferences.language.value);
  const isMe = user.id === chat.me?.id;
  const note = [`@${user.username}`, words.since(dates.date(Date.parse(user.createdAt))), isMe && words.you]
    .filter(Boolean)
    .join(' · ');
  return (
    <li class="account">
      <button
        type="button"
        class="account-head"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={onToggle}
      >
        <Avatar id={user.id} name={user.displayName} />
        <span class="rows-list-text">
          <span class="account-name">
            <strong>{user.displayName}</strong>
            {administrator && <span class="mark">{words.administrator}</span>}
            {disabledAt && <span class="mark danger">{words.disabled}</span>}
          </span>
          <small>{note}</small>
        </span>
        <Icon name="unfold" size={18} />
      </button>
      {isOpen && (
        <div id={id} class="account-body">
          {disabledAt && <p class="note">{words.disabledSince(dates.full(Date.parse(disabledAt)))}</p>}
          <AccountActions account={account} accounts={accounts} />
        </div>
      )}
    </li>
  );
}
