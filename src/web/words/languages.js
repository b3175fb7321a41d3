import { en } from './en.ts';
import { ptBr } from './pt-br.ts';
export const languages = { en, 'pt-BR': ptBr };
export function isLanguage(tag) {
    return tag !== null && Object.hasOwn(languages, tag);
}
/** The first of the browser's languages that the page speaks; English where it speaks none. */
export function languageOf(tags) {
    for (const tag of tags) {
        const [base = ''] = tag.toLowerCase().split('-');
        if (base === 'pt')
            return 'pt-BR';
        if (base === 'en')
            return 'en';
    }
    return 'en';
}
