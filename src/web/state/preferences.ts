import { computed, effect, type Signal, signal } from '@preact/signals';
import { isLanguage, type Language, languageOf, languages } from '../words/languages.ts';
import type { Words } from '../words/words.ts';
import type { Storage } from './storage.ts';

export type Theme = 'system' | 'light' | 'dark';

/** How this person wants the page: kept on this device. `public/before-paint.js` reads the same before the first paint. */
export class Preferences {
  readonly theme: Signal<Theme>;
  /** `system`: what the browser asks for. */
  readonly languageChoice: Signal<Language | 'system'>;
  readonly language = computed<Language>(() =>
    this.languageChoice.value === 'system' ? languageOf(navigator.languages) : this.languageChoice.value,
  );
  readonly words = computed<Words>(() => languages[this.language.value]);

  constructor(storage: Storage) {
    const theme = storage.get('theme');
    const language = storage.get('language');
    this.theme = signal(theme === 'light' || theme === 'dark' ? theme : 'system');
    this.languageChoice = signal(isLanguage(language) ? language : 'system');
    effect(() => {
      const chosen = this.theme.value;
      storage.set('theme', chosen === 'system' ? null : chosen);
      if (chosen === 'system') delete document.documentElement.dataset['theme'];
      else document.documentElement.dataset['theme'] = chosen;
    });
    effect(() => {
      const chosen = this.languageChoice.value;
      storage.set('language', chosen === 'system' ? null : chosen);
      document.documentElement.lang = this.language.value;
    });
  }
}
