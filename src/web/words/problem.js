import { ChatError } from 'papo/sdk';
/** What to say about something that failed. */
export function problemText(thrown, { problems }) {
    const { code } = ChatError.of(thrown);
    if (code === 'timeout' || code === 'internal')
        return problems.unavailable;
    return Object.hasOwn(problems, code) ? problems[code] : problems.other;
}
