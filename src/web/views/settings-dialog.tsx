import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Theme } from '../state/preferences.ts';
import { type Language, languages } from '../words/languages.ts';
import { Choice } from './choice.tsx';
import { useApp, useChat, useWords } from './context.ts';
import { Dialog } from './dialog.tsx';

/** How the page looks and speaks, and the way out. */
export function SettingsDialog() {
  const { preferences, dialogs, session } = useApp();
  const chat = useChat();
  const words = useWords();
  const problem = useSignal<string | undefined>(undefined);
  const isLeaving = useSignal(false);
  const unsent = chat.outgoing().length;
  // Whoever has been made an administrator since finds it here.
  useEffect(() => void chat.standing.ask(), [chat]);

  const signOut = async (everywhere: boolean) => {
    if (isLeaving.value) return;
    isLeaving.value = true;
    try {
      await session.signOut(chat, { everywhere });
      dialogs.close();
    } catch {
      problem.value = words.signOutFailed;
    } finally {
      isLeaving.value = false;
    }
  };

  const themes: { value: Theme; label: string }[] = [
    { value: 'system', label: words.themeSystem },
    { value: 'light', label: words.themeLight },
    { value: 'dark', label: words.themeDark },
  ];
  const tongues: { value: Language | 'system'; label: string }[] = [
    { value: 'system', label: words.languageSystem },
    ...(Object.keys(languages) as Language[]).map(value => ({ value, label: languages[value].name })),
  ];
  return (
    <Dialog title={words.settings}>
      <Choice
        legend={words.theme}
        name="theme"
        value={preferences.theme.value}
        options={themes}
        onChange={theme => {
          preferences.theme.value = theme;
        }}
      />
      <Choice
        legend={words.language}
        name="language"
        value={preferences.languageChoice.value}
        options={tongues}
        onChange={language => {
          preferences.languageChoice.value = language;
        }}
      />
      <section class="dialog-section">
        <h3>{words.keyboard}</h3>
        <div class="button-row">
          <button type="button" class="button" onClick={() => dialogs.open('keys')}>
            {words.keys}
          </button>
        </div>
      </section>
      {chat.standing.isAdministrator.value && (
        <section class="dialog-section">
          <h3>{words.administration}</h3>
          <div class="button-row">
            <button type="button" class="button" onClick={() => dialogs.open('people')}>
              {words.people}
            </button>
          </div>
        </section>
      )}
      <section class="dialog-section">
        <h3>{words.account}</h3>
        {unsent > 0 && <p class="note problem">{words.signOutWaiting(unsent)}</p>}
        <div class="button-row">
          <button type="button" class="button" aria-disabled={isLeaving.value} onClick={() => signOut(false)}>
            {words.signOutHere}
          </button>
          <button type="button" class="button" aria-disabled={isLeaving.value} onClick={() => signOut(true)}>
            {words.signOutEverywhere}
          </button>
        </div>
        <p class="note problem" role="alert">
          {problem.value}
        </p>
      </section>
    </Dialog>
  );
}
