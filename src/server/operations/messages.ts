/** Sending, and reading what was sent. */
import { limits } from '../../contract/limits.ts';
import { OperationError } from '../errors.ts';
import type { MessageLog } from '../store/message-log.ts';
import type { Messages } from '../store/messages.ts';
import type { Rooms } from '../store/rooms.ts';
import type { Handlers } from './dispatch.ts';

type Parts = { log: MessageLog; messages: Messages; rooms: Rooms };

export function messageOperations(parts: Parts): Pick<Handlers, 'message.send' | 'message.history'> {
  const { log, messages, rooms } = parts;

  return {
    'message.send': async ({ room, id, text }, { user, overRate }) => {
      if (Buffer.byteLength(text) > limits.maxTextBytes) {
        throw new OperationError('too_large', `a message has at most ${limits.maxTextBytes} bytes`);
      }
      if (overRate !== undefined) {
        const before = await messages.sentBefore(room, user.id, id, text);
        if (before === undefined) throw overRate;
        if (before === 'conflict') throw new OperationError('id_conflict');
        return { message: before };
      }
      const sender = { id: user.id, username: user.username, displayName: user.displayName };
      const appended = await log.append({ room, sender, id, text });
      switch (appended.outcome) {
        case 'stored':
        case 'duplicate':
          return { message: appended.message };
        case 'conflict':
          throw new OperationError('id_conflict');
        case 'refused':
          await rooms.visibleTo(user.id, room);
          throw new OperationError('forbidden', 'join the room first');
        default:
          return appended satisfies never;
      }
    },

    'message.history': async ({ room, before, after, limit }, { user }) => {
      await rooms.joinedBy(user.id, room);
      if (after !== undefined) return messages.after(room, after, limit);
      return messages.before(room, before ?? Number.MAX_SAFE_INTEGER, limit);
    },
  };
}
