/** The SDK of papo: a chat client for browsers, Node ≥ 22, Bun and Deno, without dependencies. */
export type {
  Account,
  CookieGrant,
  Delta,
  Grant,
  Member,
  Message,
  Role,
  Room,
  RoomKind,
  Sender,
  User,
} from '../contract/objects.ts';
export type { Input, Output } from '../contract/operations.ts';
export type { CallableOperation, CallOptions } from './calls.ts';
export { ChatClient, type ChatEvents } from './chat-client.ts';
export { ChatError, type ChatErrorCode } from './errors.ts';
export {
  type GrantFor,
  type HttpOptions,
  type LogoutOptions,
  login,
  logout,
  refresh,
  register,
} from './http.ts';
export type { GrantStore, HeldGrant } from './login.ts';
export type { ChatClientOptions, MakeKeeper, OutboxKeeper } from './options.ts';
export type { OutgoingMessage, OutgoingState } from './outbox.ts';
export type { KeptMessage, OutboxScope, OutboxStore } from './outbox-store.ts';
export type { BrowseOptions, HistoryOptions, PageOptions } from './pages.ts';
export type { RoomReplica } from './replica.ts';
export type { Clock, Fetch, SocketConstructor, SocketLike } from './runtime.ts';
export type { ConnectionState } from './uplink.ts';
