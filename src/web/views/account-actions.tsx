import { useSignal } from '@preact/signals';
import { type Account, ChatError } from 'papo/sdk';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { AccountChange, Accounts } from '../state/accounts.ts';
import { problemText } from '../words/problem.ts';
import { AccountQuestion, isAsked } from './account-question.tsx';
import { useChat, useWords } from './context.ts';

/** What an administrator can do with an account. What another press doesn't undo is asked first. */
export function AccountActions({ account, accounts }: { account: Account; accounts: Accounts }) {
  const { me, standing } = useChat();
  const words = useWords();
  const asking = useSignal<AccountChange | undefined>(undefined);
  const isBusy = useSignal(false);
  const done = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const isMe = account.user.id === me?.id;

  const make = async (change: AccountChange) => {
    if (isBusy.value) return;
    isBusy.value = true;
    try {
      await accounts.change(account, change);
      done.value = words.accountChanged[change];
    } catch (thrown) {
      problem.value = await reasonOf(thrown);
    } finally {
      isBusy.value = false;
      asking.value = undefined;
    }
  };

  /** Of one who still is an administrator the server refuses one thing only: to leave it without any. */
  const reasonOf = async (thrown: unknown) => {
    const isForbidden = ChatError.of(thrown).code === 'forbidden';
    return isForbidden && (await standing.ask()) ? words.lastAdministrator : problemText(thrown, words);
  };

  const press = (change: AccountChange) => () => {
    done.value = undefined;
    problem.value = undefined;
    if (isAsked(change, isMe)) asking.value = change;
    else void make(change);
  };

  const row = useRef<HTMLDivElement>(null);
  const lastAsked = useRef<AccountChange | undefined>(undefined);
  useLayoutEffect(() => {
    // The question is over: the focus goes back to where it came from.
    if (!asking.value && lastAsked.current)
      row.current?.querySelectorAll('button')[lastAsked.current === 'demote' ? 0 : 1]?.focus();
    lastAsked.current = asking.value;
  }, [asking.value]);

  const changes: AccountChange[] = [
    account.administrator ? 'demote' : 'promote',
    account.disabledAt ? 'enable' : 'disable',
  ];
  return (
    <>
      {asking.value ? (
        <AccountQuestion
          name={account.user.displayName}
          change={asking.value}
          isMe={isMe}
          isBusy={isBusy.value}
          onYes={make}
          onNo={() => {
            asking.value = undefined;
          }}
        />
      ) : (
        <div class="button-row" ref={row}>
          {changes.map((change, place) => (
            <button
              // The button stays, and the focus with it, when it has done its work and offers the contrary.
              key={place}
              type="button"
              class="button small"
              aria-disabled={isBusy.value}
              onClick={press(change)}
            >
              {words.accountChanges[change]}
            </button>
          ))}
        </div>
      )}
      <div>
        <p class="note" role="status">
          {done.value}
        </p>
        <p class="note problem" role="alert">
          {problem.value}
        </p>
      </div>
    </>
  );
}
