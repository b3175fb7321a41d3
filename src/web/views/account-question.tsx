import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { AccountChange } from '../state/accounts.ts';
import { useWords } from './context.ts';

/** Disabling shuts somebody out at once; and nobody gives themselves back what they have laid down. */
export function isAsked(change: AccountChange, isMe: boolean): boolean {
  return change === 'disable' || (change === 'demote' && isMe);
}

/** Asks before a change is made, and says what it does. */
export function AccountQuestion(props: {
  name: string;
  change: AccountChange;
  isMe: boolean;
  isBusy: boolean;
  onYes: (change: AccountChange) => void;
  onNo: () => void;
}) {
  const { name, change, isMe, isBusy, onYes, onNo } = props;
  const words = useWords();
  const no = useRef<HTMLButtonElement>(null);
  const id = useId();
  useLayoutEffect(() => no.current?.focus(), []);
  const isDisabling = change === 'disable';
  return (
    <fieldset class="account-question" aria-describedby={id}>
      <legend>{isDisabling ? words.disableSure(name) : words.demoteSure}</legend>
      <p id={id} class="note">
        {isDisabling && words.disableHint} {isDisabling && isMe && words.disableOwnHint}
        {!isDisabling && words.demoteHint}
      </p>
      <div class="button-row">
        <button
          type="button"
          class="button small danger"
          aria-disabled={isBusy}
          onClick={() => onYes(change)}
        >
          {words.accountChanges[change]}
        </button>
        <button type="button" class="button small" ref={no} onClick={onNo}>
          {words.cancel}
        </button>
      </div>
    </fieldset>
  );
}
