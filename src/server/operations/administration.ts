/** What administrators do with accounts. Who may call these stands in the table, and is looked at in the dispatch. */
import type { Hub } from '../live/hub.ts';
import type { Administration } from '../store/administration.ts';
import type { Claim } from './claim.ts';
import type { Handlers } from './dispatch.ts';
import { endSessions } from './sign-out.ts';

type Parts = { hub: Hub; administration: Administration; claim: Claim };

type AdministrationOperation =
  | `account.${'list' | 'get' | 'disable' | 'enable' | 'promote' | 'demote'}`
  | 'administrator.claim';

export function administrationOperations(parts: Parts): Pick<Handlers, AdministrationOperation> {
  const { hub, administration, claim } = parts;

  return {
    'account.list': async ({ query, cursor, limit }) => {
      const page = await administration.list(query, cursor, limit);
      return { accounts: page.items, ...(page.cursor !== undefined && { cursor: page.cursor }) };
    },

    'account.get': async ({ user }) => ({ account: await administration.get(user) }),

    'account.disable': async ({ user }, caller) => {
      const ended = await administration.disable(user, { administrator: caller.user.id });
      endSessions(hub, ended, caller);
      return {};
    },

    'account.enable': async ({ user }, caller) => {
      await administration.enable(user, { administrator: caller.user.id });
      return {};
    },

    'account.promote': async ({ user }, caller) => {
      await administration.promote(user, { administrator: caller.user.id });
      return {};
    },

    'account.demote': async ({ user }, caller) => {
      await administration.demote(user, { administrator: caller.user.id });
      return {};
    },

    'administrator.claim': async ({ code }, { user }) => {
      await claim.by(user.id, code);
      return {};
    },
  };
}
