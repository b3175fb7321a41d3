import { ChatClient } from 'papo/sdk';
const d = new Map();
(ChatClient.prototype as any).draft ??= async (r: string) => d.get(r) ?? '';
(ChatClient.prototype as any).saveDraft ??= async (r: string, t: string) => d.set(r, t);
(globalThis as any).indexedDbOutbox = () => undefined;
