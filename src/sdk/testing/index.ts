/** `papo/sdk/testing`: a server in memory, and time moved by hand, for testing programs that use the SDK. */
export { keptIn } from '../keeper.ts';
export { ManualClock, settle } from './manual-clock.ts';
export type { ChatOperation } from './memory-chat.ts';
export { memoryOutbox } from './memory-outbox.ts';
export { MemoryServer } from './memory-server.ts';
