/** Chooses the form for a number by the language's own rule. */
export function plural(language) {
    const rules = new Intl.PluralRules(language);
    return (n, forms) => forms[rules.select(n)] ?? forms.other;
}
