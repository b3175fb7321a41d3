import { useSignal } from '@preact/signals';
import { ChatError } from 'papo/sdk';
import { useEffect, useRef } from 'preact/hooks';
import type { NewAccount } from '../state/session.ts';
import { problemText } from '../words/problem.ts';
import { useApp, useWords } from './context.ts';
import { Field } from './field.tsx';
import { IconButton } from './icon.tsx';
import { LanguageSwitch } from './language-switch.tsx';
import { Wordmark } from './wordmark.tsx';

const usernameRule = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])$/;
const minPasswordLength = 8;

/** Registers or signs in. One form for both: what was typed stays when one notices that it is the other. */
export function SignIn({ ended }: { ended: boolean }) {
  const { session } = useApp();
  const words = useWords();
  const isNew = useSignal(false);
  const isBusy = useSignal(false);
  const isPasswordShown = useSignal(false);
  const problem = useSignal<{ field: 'username' | 'password' | 'form'; text: string } | undefined>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const problemOf = (field: string) => (problem.value?.field === field ? problem.value.text : undefined);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const read = (name: string) => String(data.get(name) ?? '');
    const username = read('username').trim().normalize('NFKC').toLowerCase();
    const password = read('password');
    const displayName = read('displayName').trim();
    problem.value = isNew.value ? refusal(username, password) : undefined;
    if (problem.value || isBusy.value) return;
    isBusy.value = true;
    try {
      if (isNew.value) await session.register({ username, password, ...(displayName && { displayName }) });
      else await session.signIn({ username, password });
    } catch (thrown) {
      const text = await reasonOf(thrown, { username, password });
      const isTaken = text === words.problems.username_taken;
      problem.value = { field: isTaken ? 'username' : 'form', text };
    } finally {
      isBusy.value = false;
    }
  };

  const reasonOf = async (thrown: unknown, account: NewAccount) => {
    const why = ChatError.of(thrown).code === 'forbidden' ? await session.whyForbidden(account) : undefined;
    if (why === 'foreign') return words.foreignPage(location.origin);
    return why === 'disabled' ? words.problems.account_disabled : problemText(thrown, words);
  };

  const refusal = (username: string, password: string): typeof problem.value => {
    const isName = username.length >= 3 && username.length <= 32 && usernameRule.test(username);
    if (!isName) return { field: 'username', text: words.problems.bad_username };
    if (password.length < minPasswordLength)
      return { field: 'password', text: words.problems.short_password };
    return undefined;
  };

  // Where something is wrong, there one goes on.
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem.value]);

  return (
    <main class="sign-in">
      <div class="sign-in-hello">
        <Wordmark />
        <p class="tagline">{words.tagline}</p>
        <LanguageSwitch />
      </div>
      <section class="sign-in-form">
        <h1>{isNew.value ? words.registerTitle : words.signInTitle}</h1>
        {ended && !problem.value && (
          <p class="form-note" role="status">
            {words.ended}
          </p>
        )}
        <form ref={form} onSubmit={submit} noValidate>
          <Field
            label={words.username}
            hint={isNew.value ? words.usernameHint : undefined}
            problem={problemOf('username')}
            input={{
              name: 'username',
              autocomplete: 'username',
              autocapitalize: 'none',
              spellcheck: false,
              required: true,
              maxLength: 64,
            }}
          />
          {isNew.value && (
            <Field
              label={words.displayName}
              hint={words.displayNameHint}
              input={{ name: 'displayName', autocomplete: 'name', maxLength: 64 }}
            />
          )}
          <Field
            label={words.password}
            hint={isNew.value ? words.passwordHint : undefined}
            problem={problemOf('password')}
            input={{
              name: 'password',
              type: isPasswordShown.value ? 'text' : 'password',
              autocomplete: isNew.value ? 'new-password' : 'current-password',
              required: true,
              maxLength: 128,
            }}
          >
            <IconButton
              icon="eye"
              label={isPasswordShown.value ? words.hidePassword : words.showPassword}
              onClick={() => {
                isPasswordShown.value = !isPasswordShown.value;
              }}
            />
          </Field>
          <p class="form-problem" role="alert">
            {problemOf('form')}
          </p>
          <button class="button primary wide" type="submit" aria-disabled={isBusy.value}>
            {submitLabel()}
          </button>
        </form>
        <p class="other-way">
          {isNew.value ? words.hasAccount : words.noAccount}{' '}
          <button
            type="button"
            class="link-button"
            onClick={() => {
              isNew.value = !isNew.value;
              problem.value = undefined;
            }}
          >
            {isNew.value ? words.signIn : words.register}
          </button>
        </p>
      </section>
    </main>
  );

  function submitLabel(): string {
    if (isNew.value) return isBusy.value ? words.registering : words.register;
    return isBusy.value ? words.signingIn : words.signIn;
  }
}
