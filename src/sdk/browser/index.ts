/** `papo/sdk/browser`: what outlasts a reload of a page. */
export { keptIn } from '../keeper.ts';
export { type IndexedDbOptions, indexedDbOutbox } from './indexed-db-outbox.ts';
