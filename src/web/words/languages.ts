import { en } from './en.ts';
import { ptBr } from './pt-br.ts';
import type { Words } from './words.ts';

export const languages = { en, 'pt-BR': ptBr } as const satisfies Record<string, Words>;
export type Language = keyof typeof languages;

export function isLanguage(tag: string | null): tag is Language {
  return tag !== null && Object.hasOwn(languages, tag);
}

/** The first of the browser's languages that the page speaks; English where it speaks none. */
export function languageOf(tags: readonly string[]): Language {
  for (const tag of tags) {
    const [base = ''] = tag.toLowerCase().split('-');
    if (base === 'pt') return 'pt-BR';
    if (base === 'en') return 'en';
  }
  return 'en';
}
