import { type Language, languages } from '../words/languages.ts';
import { useApp } from './context.ts';

/** Every language by its own name, so that one finds out of a language one can't read. */
export function LanguageSwitch() {
  const { preferences } = useApp();
  return (
    <div class="language-switch">
      {(Object.keys(languages) as Language[]).map(language => (
        <button
          key={language}
          type="button"
          class="link-button"
          lang={language}
          aria-pressed={preferences.language.value === language}
          onClick={() => {
            preferences.languageChoice.value = language;
          }}
        >
          {languages[language].name}
        </button>
      ))}
    </div>
  );
}
