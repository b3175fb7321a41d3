import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { Accounts } from '../state/accounts.ts';
import { AccountRow } from './account-row.tsx';
import { useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';
import { ListEnd } from './list-end.tsx';
import { SearchField } from './search-field.tsx';
import { useSettled } from './settled.ts';

/** Everybody who has an account here, for an administrator. */
export function PeopleDialog() {
  const { standing } = useChat();
  const words = useWords();
  return (
    <Dialog title={words.people} class="tall">
      {standing.isAdministrator.value === false ? (
        <p role="alert">{words.noAdministrator}</p>
      ) : (
        <AccountList />
      )}
    </Dialog>
  );
}

function AccountList() {
  const { client, standing } = useChat();
  const words = useWords();
  const query = useSignal('');
  const open = useSignal<string | undefined>(undefined);
  const accounts = useMemo(() => new Accounts(client), [client]);
  const wanted = useSettled(query);
  const start = () => void accounts.find(wanted);
  useEffect(start, [wanted]);
  const { list } = accounts;
  const state = list.state.value;
  useEffect(() => {
    // Perhaps one isn't an administrator any more.
    if (state === 'failed') void standing.ask();
  }, [state]);

  return (
    <>
      <SearchField label={words.findPerson} query={query} maxLength={64} autofocus />
      <ul class="rows-list" aria-busy={state === 'loading'}>
        {list.items.value.map(account => {
          const { id } = account.user;
          return (
            <AccountRow
              key={id}
              account={account}
              accounts={accounts}
              isOpen={open.value === id}
              onToggle={() => {
                open.value = open.value === id ? undefined : id;
              }}
            />
          );
        })}
      </ul>
      <ListEnd list={list} empty={words.noPeopleFound} onRetry={start} />
    </>
  );
}
