import { jsx as _jsx } from "preact/jsx-runtime";
import { languages } from '../words/languages.ts';
import { useApp } from './context.ts';
/** Every language by its own name, so that one finds out of a language one can't read. */
export function LanguageSwitch() {
    const { preferences } = useApp();
    return (_jsx("div", { class: "language-switch", children: Object.keys(languages).map(language => (_jsx("button", { type: "button", class: "link-button", lang: language, "aria-pressed": preferences.language.value === language, onClick: () => {
                preferences.languageChoice.value = language;
            }, children: languages[language].name }, language))) }));
}
