import { ChatClient } from 'papo/sdk';
const d = new Map();
ChatClient.prototype.draft ??= async (r) => d.get(r) ?? '';
ChatClient.prototype.saveDraft ??= async (r, t) => d.set(r, t);
globalThis.indexedDbOutbox = () => undefined;
