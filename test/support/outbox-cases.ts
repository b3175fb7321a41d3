/** What every OutboxStore must do, whichever it is. Free of Node, so that it also runs inside a browser. */
import type { KeptMessage, OutboxScope, OutboxStore } from '../../src/sdk/index.ts';

/** Opens the same store again and again, as pages of one browser do. */
export type OpenStore = () => OutboxStore;

const ana: OutboxScope = { user: 'ana', log: 'log-1' };
const others: OutboxScope[] = [
  { user: 'bruno', log: 'log-1' },
  { user: 'ana', log: 'log-2' },
];

const message = (id: string, more: Partial<KeptMessage> = {}): KeptMessage => ({
  id,
  room: 'general',
  text: `text of ${id}`,
  at: Date.now(),
  ...more,
});

function requireEqual(actual: unknown, expected: unknown): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== shouldBe) throw new Error(`${is} should be ${shouldBe}`);
}

const idsOf = async (store: OutboxStore, scope = ana) => (await store.load(scope)).map(({ id }) => id);

export const outboxCases: Record<string, (open: OpenStore) => Promise<void>> = {
  'what was saved is there for the next page, whole and in order': async open => {
    const kept = [
      message('b'),
      message('a', { room: 'random' }),
      message('c', { error: { code: 'forbidden', message: 'not a member' } }),
    ];
    for (const each of kept) await open().save(ana, each);
    const byField = (rows: KeptMessage[]) =>
      rows.map(({ id, room, text, at, error }) => [id, room, text, at, error]);
    requireEqual(byField(await open().load(ana)), byField(kept));
  },

  'a message that is saved again keeps its place, with what is new': async open => {
    const store = open();
    for (const id of ['a', 'b']) await store.save(ana, message(id));
    await store.save(ana, message('a', { error: { code: 'forbidden', message: 'no' } }));
    requireEqual(await idsOf(open()), ['a', 'b']);
    requireEqual((await open().load(ana))[0]?.error?.code, 'forbidden');
  },

  'what was removed is gone, and comes back at the end': async open => {
    const store = open();
    for (const id of ['a', 'b']) await store.save(ana, message(id));
    await store.remove(ana, 'general', 'a');
    requireEqual(await idsOf(open()), ['b']);
    await store.remove(ana, 'general', 'never there');
    await store.save(ana, message('a'));
    requireEqual(await idsOf(open()), ['b', 'a']);
  },

  'the same id in another room is another message': async open => {
    const store = open();
    for (const room of ['general', 'random']) await store.save(ana, message('a', { room }));
    await store.remove(ana, 'random', 'a');
    requireEqual(
      (await store.load(ana)).map(({ room }) => room),
      ['general'],
    );
  },

  'another user, or another history, sees none of it, and another user clears none': async open => {
    const store = open();
    await store.save(ana, message('a'));
    await store.saveDraft(ana, 'general', 'half a');
    for (const other of others) {
      requireEqual(await idsOf(store, other), []);
      requireEqual(await store.draft(other, 'general'), '');
      await store.remove(other, 'general', 'a');
    }
    // One whose id begins the same, too.
    for (const user of ['bruno', 'an', 'ana-2']) await store.clear(user);
    requireEqual(await idsOf(store), ['a']);
    requireEqual(await store.draft(ana, 'general'), 'half a');
  },

  'clearing leaves nothing of a user, neither messages nor drafts, of no history': async open => {
    const store = open();
    const histories = [ana, { ...ana, log: 'log-2' }];
    for (const scope of histories) {
      await store.save(scope, message('a'));
      await store.saveDraft(scope, 'general', 'half a');
    }
    await store.clear(ana.user);
    for (const scope of histories) {
      requireEqual(await idsOf(open(), scope), []);
      requireEqual(await open().draft(scope, 'general'), '');
    }
  },

  'a draft is kept per room, replaced, and forgotten when it is empty': async open => {
    const store = open();
    await store.saveDraft(ana, 'general', 'one');
    await store.saveDraft(ana, 'random', 'two');
    await store.saveDraft(ana, 'general', 'three');
    requireEqual([await open().draft(ana, 'general'), await open().draft(ana, 'random')], ['three', 'two']);
    await store.saveDraft(ana, 'general', '');
    requireEqual([await open().draft(ana, 'general'), await open().draft(ana, 'random')], ['', 'two']);
  },

  'of more than 200 drafts the oldest are forgotten': async open => {
    const store = open();
    for (let room = 0; room < 202; room += 1) {
      await store.saveDraft(ana, `room-${room}`, 'text');
      // Within one millisecond nothing says which is older.
      for (const now = Date.now(); Date.now() === now; ) await Promise.resolve();
    }
    const kept = await Promise.all(
      Array.from({ length: 202 }, async (_, room) =>
        (await store.draft(ana, `room-${room}`)) ? [room] : [],
      ),
    );
    requireEqual(kept.flat()[0], 2);
    requireEqual(kept.flat().length, 200);
  },

  'another page is told of what was saved and removed, until it no longer listens': async open => {
    const [here, there] = [open(), open()];
    const until = (change: () => Promise<void>) =>
      new Promise<void>((resolve, reject) => {
        const unwatch = there.watch(() => {
          unwatch();
          resolve();
        });
        change().catch(reject);
      });
    await until(() => here.save(ana, message('a')));
    requireEqual(await idsOf(there), ['a']);
    await until(() => here.remove(ana, 'general', 'a'));
    requireEqual(await idsOf(there), []);
    let isTold = false;
    there.watch(() => {
      isTold = true;
    })();
    await until(() => here.save(ana, message('b')));
    requireEqual(isTold, false);
  },
};
