import { useSignal } from '@preact/signals';
import type { User } from 'papo/sdk';
import { useEffect, useMemo } from 'preact/hooks';
import { PeopleSearch } from '../state/people-search.ts';
import { Avatar } from './avatar.tsx';
import { useChat, useWords } from './context.ts';
import { SearchField } from './search-field.tsx';
import { useSettled } from './settled.ts';

/** Finds a person by name, for something to be done with: `action` is what the button says. */
export function PersonPicker(props: { action: string; onPick: (user: User) => void; autofocus?: boolean }) {
  const chat = useChat();
  const words = useWords();
  const query = useSignal('');
  const wanted = useSettled(query);
  const search = useMemo(() => new PeopleSearch(chat.client), [chat]);
  useEffect(() => void search.find(wanted), [wanted]);
  const found = search.found.value;
  const hint = {
    idle: words.typeToFind,
    asking: '',
    answered: words.noPeopleFound,
    failed: words.problems.unavailable,
  };
  return (
    <div class="person-picker">
      <SearchField label={words.findPerson} query={query} maxLength={64} autofocus={props.autofocus} />
      <p class="list-end" role="status">
        {found.length === 0 && hint[search.state.value]}
      </p>
      <ul class="rows-list">
        {found.map(user => (
          <li key={user.id}>
            <Avatar id={user.id} name={user.displayName} />
            <div class="rows-list-text">
              <strong>{user.displayName}</strong>
              <small>@{user.username}</small>
            </div>
            <button
              type="button"
              class="button small"
              aria-label={`${props.action}: ${user.displayName}`}
              onClick={() => props.onPick(user)}
            >
              {props.action}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
