import { computed, effect, signal } from '@preact/signals';
import { isLanguage, languageOf, languages } from '../words/languages.ts';
/** How this person wants the page: kept on this device. `public/before-paint.js` reads the same before the first paint. */
export class Preferences {
    theme;
    /** `system`: what the browser asks for. */
    languageChoice;
    language = computed(() => this.languageChoice.value === 'system' ? languageOf(navigator.languages) : this.languageChoice.value);
    words = computed(() => languages[this.language.value]);
    constructor(storage) {
        const theme = storage.get('theme');
        const language = storage.get('language');
        this.theme = signal(theme === 'light' || theme === 'dark' ? theme : 'system');
        this.languageChoice = signal(isLanguage(language) ? language : 'system');
        effect(() => {
            const chosen = this.theme.value;
            storage.set('theme', chosen === 'system' ? null : chosen);
            if (chosen === 'system')
                delete document.documentElement.dataset['theme'];
            else
                document.documentElement.dataset['theme'] = chosen;
        });
        effect(() => {
            const chosen = this.languageChoice.value;
            storage.set('language', chosen === 'system' ? null : chosen);
            document.documentElement.lang = this.language.value;
        });
    }
}
