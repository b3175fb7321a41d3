import { defaults } from '../defaults.ts';
import type { KeptMessage, OutboxScope, OutboxStore } from '../outbox-store.ts';

const keyOf = (...parts: string[]) => parts.join(' ');

/** An outbox that outlasts a client, but not the process: clients that share one are as pages that share a browser. */
export function memoryOutbox(): OutboxStore {
  const messages = new Map<string, Map<string, KeptMessage>>();
  const drafts = new Map<string, Map<string, string>>();
  const watchers = new Set<() => void>();
  const of = <T>(scopes: Map<string, Map<string, T>>, { user, log }: OutboxScope): Map<string, T> => {
    const key = keyOf(user, log);
    const held = scopes.get(key) ?? new Map<string, T>();
    scopes.set(key, held);
    return held;
  };
  const tell = () => {
    for (const changed of watchers) changed();
  };
  return {
    load: async scope => [...of(messages, scope).values()].map(message => ({ ...message })),
    async save(scope, message) {
      of(messages, scope).set(keyOf(message.room, message.id), { ...message });
      tell();
    },
    async remove(scope, room, id) {
      if (of(messages, scope).delete(keyOf(room, id))) tell();
    },
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    draft: async (scope, room) => of(drafts, scope).get(room) ?? '',
    async saveDraft(scope, room, text) {
      const held = of(drafts, scope);
      held.delete(room);
      if (text !== '') held.set(room, text);
      const [oldest = room] = held.keys();
      if (held.size > defaults.maxDrafts) held.delete(oldest);
    },
    async clear(user) {
      for (const scopes of [messages, drafts]) {
        for (const [key, held] of scopes) if (key.startsWith(keyOf(user, ''))) held.clear();
      }
      tell();
    },
  };
}
