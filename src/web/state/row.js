/** One person's messages stand together when no more than this lies between them. */
const groupMs = 5 * 60 * 1000;
export function storedRow(message, before, { me, firstUnread }) {
    const { id, seq, sender, text } = message;
    const at = Date.parse(message.at);
    const isFirstUnread = seq === firstUnread;
    return {
        ...{ key: keyOf(sender.id, id), id, seq, sender, text, at, isFirstUnread },
        ...placed({ at, sender }, before, isFirstUnread),
        isMine: sender.id === me,
        delivery: 'stored',
        failure: undefined,
    };
}
export function outgoingRow(message, before, sender) {
    const { id, text, state, error } = message;
    const at = message.at ?? Date.now(); // INTERIM
    return {
        ...{ key: keyOf(sender.id, id), id, seq: message.message?.seq, sender, text, at },
        ...placed({ at, sender }, before, false),
        isFirstUnread: false,
        isMine: true,
        delivery: state === 'sent' ? 'stored' : state === 'discarded' ? 'failed' : state,
        failure: error?.code,
    };
}
export const keyOf = (sender, id) => `${sender}/${id}`;
function placed({ at, sender }, before, isFirstUnread) {
    const startsDay = !before || !isSameDay(at, before.at);
    const startsGroup = startsDay || isFirstUnread || before?.sender.id !== sender.id || at - (before?.at ?? 0) > groupMs;
    return { startsDay, startsGroup };
}
function isSameDay(one, other) {
    return new Date(one).toDateString() === new Date(other).toDateString();
}
