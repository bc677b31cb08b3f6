import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hint } from '../../lib/model/hint.ts';
import {
  type LedgerEntry,
  markAbsent,
  observe,
  park,
  release,
  settle,
  type UnsyncedBucket,
} from '../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import { type DeletePlan, type ListRow, voidDigests } from '../../lib/model/pair-state.ts';
import { isSameVersion } from '../../lib/model/version.ts';
import type { Ledger } from '../../lib/ports/ledger.ts';
import { pendingEntry } from '../support/pending-entry.ts';

/** An empty store of ledgers. */
export interface LedgerStore {
  /** The ledger of a pair; every call for one name gives the same entries. */
  ledgerOf(pairName: string): Ledger;
  close(): Promise<void>;
}

/** What every ledger must do, whatever holds it. `open` makes a new, empty store. */
export function describeLedger(kind: string, open: () => Promise<LedgerStore>): void {
  describe(`ledger in ${kind}`, () => {
    let store: LedgerStore;
    let ledger: Ledger;

    beforeEach(async () => {
      store = await open();
      ledger = store.ledgerOf('eu/acme');
    });
    afterEach(() => store.close());

    const put = (entry: LedgerEntry) => ledger.update(entry.path, () => entry);

    async function pages(bucket: UnsyncedBucket, limit: number): Promise<readonly (readonly ObjectPath[])[]> {
      const read: ObjectPath[][] = [];
      let after: string | undefined;
      do {
        const page = await ledger.unsynced(bucket, after === undefined ? { limit } : { limit, after });
        read.push(page.entries.map(({ path }) => path));
        after = page.next;
      } while (after !== undefined);
      return read;
    }

    const bucket = async (name: UnsyncedBucket): Promise<readonly ObjectPath[]> => (await pages(name, 50)).flat();

    describe('read and update', () => {
      it('knows nothing of an object before its first update', async () => {
        expect(await ledger.read('/roles/web')).toBeUndefined();
        expect(await ledger.update('/roles/web', () => undefined)).toEqual({ isChanged: false, entry: undefined });
        expect(await ledger.read('/roles/web')).toBeUndefined();
      });

      it('gives back every field of an entry as it was written', async () => {
        const entry = pendingEntry('/data/users/ann', 1_700_000_000_123, {
          version: { epoch: 3, n: 12 },
          action: 'delete',
          state: 'parked',
          attempts: 8,
          sends: 9,
          sentAt: 1,
          nextAttemptAt: 2,
          settledAt: 3,
          lastError: { code: 'TOO_LARGE', text: 'Grüße "und" \u2028 mehr', side: 'replica' },
          seen: 'a',
          fingerprint: 'b',
          claims: ['c'],
          owned: 'd',
          absent: 4,
          feedId: '123456789012345678901234567890',
          plan: 'e',
          isFrozen: false,
          driftedIn: 5,
        });

        expect(await put(entry)).toEqual({ isChanged: true, entry });
        expect(await ledger.read('/data/users/ann')).toEqual(entry);
      });

      it('drops a field that an update no longer has', async () => {
        await put(pendingEntry('/roles/web', 1, { sentAt: 5, plan: 'p' }));

        await put(pendingEntry('/roles/web', 1, { sentAt: undefined }));

        const entry = await ledger.read('/roles/web');
        expect(entry?.sentAt).toBeUndefined();
        expect(entry?.plan).toBeUndefined();
      });

      it('leaves the entry as it is, and answers it, when the decision is to do nothing', async () => {
        const entry = pendingEntry('/roles/web', 1);
        await put(entry);

        expect(await ledger.update('/roles/web', () => undefined)).toEqual({ isChanged: false, entry });
        expect(await ledger.read('/roles/web')).toEqual(entry);
      });

      it('writes nothing when the decision throws', async () => {
        const entry = pendingEntry('/roles/web', 1);
        await put(entry);
        const failing = ledger.update('/roles/web', () => {
          throw new Error('cannot decide');
        });

        await expect(failing).rejects.toThrow('cannot decide');
        expect(await ledger.read('/roles/web')).toEqual(entry);
        expect((await put({ ...entry, attempts: 1 })).isChanged).toBe(true);
      });

      it('lets exactly one of 200 parallel updates win a version', async () => {
        const entry = pendingEntry('/roles/web', 1);
        await put(entry);

        const results = await Promise.all(
          Array.from({ length: 200 }, (_, i) =>
            ledger.update('/roles/web', (now) =>
              now !== undefined && isSameVersion(now.version, entry.version)
                ? { ...now, version: { epoch: 1, n: 2 }, seen: `winner ${i}` }
                : undefined,
            ),
          ),
        );

        const winners = results.filter(({ isChanged }) => isChanged);
        expect(winners).toHaveLength(1);
        expect(await ledger.read('/roles/web')).toEqual(winners[0]?.entry);
        expect(new Set(results.map((result) => result.entry?.seen))).toEqual(new Set([winners[0]?.entry?.seen]));
      });

      it('loses none of 200 parallel observations of one object', async () => {
        const results = await Promise.all(
          Array.from({ length: 200 }, (_, i) =>
            ledger.update('/roles/web', (now) =>
              observe(now, { path: '/roles/web', action: 'upsert', epoch: 1, now: i, by: 'inventory', seen: `s${i}` }),
            ),
          ),
        );

        expect(new Set(results.map((result) => result.entry?.version.n)).size).toBe(200);
        expect((await ledger.read('/roles/web'))?.version).toEqual({ epoch: 1, n: 200 });
      });
    });

    describe('unsynced', () => {
      it('lists each bucket by itself, oldest first, however the entries came', async () => {
        await put(pendingEntry('/roles/b', 900));
        await put(pendingEntry('/roles/a', 10_000));
        await put(pendingEntry('/environments/prod', 20));
        await put(pendingEntry('/data/users/ann', 30));
        await put(pendingEntry('/roles/old', 40, { action: 'delete' }));
        await put(pendingEntry('/roles/kept', 50, { action: 'delete', state: 'held' }));
        await put(pendingEntry('/roles/broken', 60, { state: 'parked' }));
        await put(pendingEntry('/roles/gone', 70, { state: 'synced', absent: 3 }));
        await put(pendingEntry('/roles/fine', 80, { state: 'synced', pendingSince: undefined }));

        expect(await bucket(1)).toEqual(['/data/users/ann']);
        expect(await bucket(2)).toEqual(['/environments/prod', '/roles/b', '/roles/a']);
        expect(await bucket(3)).toEqual([]);
        expect(await bucket(4)).toEqual([]);
        expect(await bucket(5)).toEqual(['/roles/old']);
        expect(await bucket(6)).toEqual([]);
        expect(await bucket('held')).toEqual(['/roles/kept']);
        expect(await bucket('parked')).toEqual(['/roles/broken']);
        expect(await bucket('absent')).toEqual(['/roles/gone']);
        expect(await ledger.countUnsynced(2)).toBe(3);
        expect(await ledger.countUnsynced('held')).toBe(1);
        expect(await ledger.countUnsynced(3)).toBe(0);
      });

      it('pages through entries of the same time without leaving out or repeating one', async () => {
        const paths = Array.from({ length: 23 }, (_, i): ObjectPath => `/roles/r${i}`);
        for (const path of paths) await put(pendingEntry(path, 1_700_000_000_000));

        const read = await pages(2, 5);

        expect(read.every((page) => page.length <= 5)).toBe(true);
        expect(read.flat()).toHaveLength(23);
        expect(new Set(read.flat())).toEqual(new Set(paths));
        expect((await pages(2, 7)).flat()).toEqual(read.flat());
      });

      it('goes on after the last entry of a page when entries before and behind it change meanwhile', async () => {
        for (let i = 10; i < 20; i++) await put(pendingEntry(`/roles/r${i}`, i));
        const first = await ledger.unsynced(2, { limit: 4 });

        await put(pendingEntry('/roles/r13', 13, { state: 'synced', pendingSince: undefined }));
        await put(pendingEntry('/roles/r16', 16, { state: 'synced', pendingSince: undefined }));
        await put(pendingEntry('/roles/late', 99));
        const second = await ledger.unsynced(2, { limit: 50, after: first.next ?? 'no next page' });

        expect(first.entries.map(({ path }) => path)).toEqual(['/roles/r10', '/roles/r11', '/roles/r12', '/roles/r13']);
        expect(second.entries.map(({ path }) => path)).toEqual([
          '/roles/r14',
          '/roles/r15',
          '/roles/r17',
          '/roles/r18',
          '/roles/r19',
          '/roles/late',
        ]);
      });

      it('follows an object from its observation to its tombstone', async () => {
        const path: ObjectPath = '/roles/web';
        const destination = 'guid';
        const up = await ledger.update(path, (now) =>
          observe(now, { path, action: 'upsert', epoch: 1, now: 1, by: 'inventory', seen: 'f' }),
        );
        expect(await bucket(2)).toEqual([path]);
        const version = up.entry?.version ?? { epoch: 0, n: 0 };
        await ledger.update(path, (now) => settle(now, { version, now: 2, readAt: 1, fingerprint: 'f', destination }));
        expect(await bucket(2)).toEqual([]);
        await ledger.update(path, (now) => markAbsent(now, { number: 1, firstOfEpoch: 1 }, 3));
        expect(await bucket('absent')).toEqual([path]);
        const down = await ledger.update(path, (now) =>
          observe(now, { path, action: 'delete', epoch: 1, now: 4, by: 'inventory' }),
        );
        const deleted = down.entry?.version ?? version;
        expect(await bucket('absent')).toEqual([]);
        expect(await bucket('held')).toEqual([path]);
        await ledger.update(path, (now) => release(now, deleted, 5));
        expect(await bucket('held')).toEqual([]);
        expect(await bucket(5)).toEqual([path]);
        await ledger.update(path, (now) => settle(now, { version: deleted, now: 6, readAt: 5, destination }));

        for (const name of [2, 5, 'held', 'absent', 'parked'] as const) expect(await bucket(name)).toEqual([]);
        expect(await ledger.read(path)).toMatchObject({ action: 'delete', state: 'synced', settledAt: 6 });
        expect(await ledger.entriesOf('/roles')).toHaveLength(1);
      });

      it('moves a parked entry out of its phase', async () => {
        const entry = pendingEntry('/roles/web', 1);
        await put(entry);

        await ledger.update('/roles/web', (now) => park(now, { version: entry.version, at: 100 }));

        expect(await bucket(2)).toEqual([]);
        expect(await bucket('parked')).toEqual(['/roles/web']);
      });
    });

    it('knows whether anything of the pair is unsynced, in whatever bucket', async () => {
      expect(await ledger.hasUnsynced()).toBe(false);
      await put(pendingEntry('/roles/done', 1, { state: 'synced', settledAt: 2 }));
      expect(await ledger.hasUnsynced()).toBe(false);

      for (const state of ['pending', 'held', 'parked'] as const) {
        await put(pendingEntry('/roles/web', 1, { state }));
        expect(await ledger.hasUnsynced()).toBe(true);
        await put(pendingEntry('/roles/web', 1, { state: 'synced', settledAt: 2 }));
        expect(await ledger.hasUnsynced()).toBe(false);
      }
    });

    it('gives the entries of a list, tombstones included, and not those of its containers or neighbours', async () => {
      for (const path of ['/data/users', '/data/users/ann', '/data/users/bob', '/data/users2/eve'] as const) {
        await put(pendingEntry(path, 1));
      }
      await put(pendingEntry('/data/users/old', 1, { action: 'delete', state: 'synced' }));
      await put(pendingEntry('/cookbooks/apt/1.2.0', 1));

      const members = async (list: ObjectPath) => (await ledger.entriesOf(list)).map(({ path }) => path).sort();

      expect(await members('/data')).toEqual(['/data/users']);
      expect(await members('/data/users')).toEqual(['/data/users/ann', '/data/users/bob', '/data/users/old']);
      expect(await members('/cookbooks')).toEqual(['/cookbooks/apt/1.2.0']);
      expect(await members('/roles')).toEqual([]);
    });

    it('gives the versions of one cookbook, tombstones included, and not those of cookbooks whose names begin alike', async () => {
      const others = ['apt-repo/1.0.0', 'apt.d/1.0.0', 'apt0/1.0.0', 'ap/1.0.0'].map(
        (name): ObjectPath => `/cookbooks/${name}`,
      );
      for (const path of ['/cookbooks/apt/1.2.0', ...others, '/data/apt/1.0.0'] as const)
        await put(pendingEntry(path, 1));
      await put(pendingEntry('/cookbooks/apt/10.0.0', 1, { action: 'delete', state: 'synced' }));

      const versions = (await ledger.versionsOf('apt')).map(({ path }) => path).sort();

      expect(versions).toEqual(['/cookbooks/apt/1.2.0', '/cookbooks/apt/10.0.0']);
      expect(await ledger.versionsOf('nginx')).toEqual([]);
    });

    it('keeps the row of a list for each side until it is removed', async () => {
      const primary: ListRow = { side: 'primary', list: '/roles', epoch: 1, generation: 1, count: 3, frozen: ['a'] };
      const replica: ListRow = {
        side: 'replica',
        list: '/roles',
        epoch: 1,
        generation: 7,
        names: { digest: 'x', against: 'y' },
        extraCount: 2,
      };
      expect(await ledger.readList('primary', '/roles')).toBeUndefined();

      await ledger.updateList('primary', '/roles', () => primary);
      await ledger.updateList('replica', '/roles', () => replica);
      await ledger.updateList('primary', '/data/users', () => ({ ...primary, list: '/data/users' }));

      expect(await ledger.readList('primary', '/roles')).toEqual(primary);
      expect(await ledger.readList('replica', '/roles')).toEqual(replica);
      expect((await ledger.lists('primary')).map(({ list }) => list).sort()).toEqual(['/data/users', '/roles']);
      await ledger.removeList('primary', '/roles');
      expect(await ledger.readList('primary', '/roles')).toBeUndefined();
      expect(await ledger.lists('replica')).toEqual([replica]);
    });

    it('loses none of 50 parallel changes to the row of a list', async () => {
      await Promise.all(
        Array.from({ length: 50 }, () =>
          ledger.updateList('primary', '/roles', (row) => voidDigests(row, 'primary', '/roles', 1)),
        ),
      );

      expect(await ledger.readList('primary', '/roles')).toMatchObject({ generation: 50 });
      expect(await ledger.updateList('primary', '/roles', () => undefined)).toMatchObject({
        isChanged: false,
        entry: { generation: 50 },
      });
    });

    it('removes a hint only if no later one of the object took its place', async () => {
      const first = { path: '/roles/web', action: 'upsert', at: 1, id: 'first' } as const;
      const later = { ...first, at: 2, id: 'later' };
      const other = { path: '/roles/db', action: 'delete', at: 1, id: 'other' } as const;
      // Times that a table with a life for hints takes for young.
      const young = (hint: Hint): Hint => ({ ...hint, at: Date.now() + hint.at });
      const [a, b, c] = [young(first), young(later), young(other)];
      await ledger.writeHint(a);
      await ledger.writeHint(c);
      await ledger.writeHint(b);

      await ledger.removeHint(a);
      expect([...(await ledger.hints())].sort((x, y) => x.path.localeCompare(y.path))).toEqual([c, b]);
      await ledger.removeHint(b);
      await ledger.removeHint(b);
      expect(await ledger.hints()).toEqual([c]);
    });

    it('keeps the plans of held deletes until they are removed', async () => {
      const plan: DeletePlan = { id: 'p1', kind: 'role', at: 1, reason: 'too many', count: 40, samples: ['/roles/a'] };
      await ledger.writePlan(plan);
      await ledger.writePlan({ ...plan, id: 'p2' });
      await ledger.writePlan({ ...plan, count: 41 });

      const found = await ledger.plans();
      expect([...found].sort((a, b) => a.id.localeCompare(b.id))).toEqual([
        { ...plan, count: 41 },
        { ...plan, id: 'p2' },
      ]);
      await ledger.removePlan('p1');
      expect(await ledger.plans()).toEqual([{ ...plan, id: 'p2' }]);
    });

    it('never shows one pair what another has', async () => {
      const other = store.ledgerOf('eu/globex');
      await put(pendingEntry('/roles/web', 1));
      await ledger.updateList('primary', '/roles', () => ({
        side: 'primary',
        list: '/roles',
        epoch: 1,
        generation: 1,
      }));
      await ledger.writePlan({ id: 'p', kind: 'role', at: 1, reason: 'r', count: 1, samples: [] });

      expect(await other.read('/roles/web')).toBeUndefined();
      expect(await other.unsynced(2, { limit: 10 })).toEqual({ entries: [] });
      expect(await other.countUnsynced(2)).toBe(0);
      expect(await other.entriesOf('/roles')).toEqual([]);
      expect(await other.lists('primary')).toEqual([]);
      expect(await other.plans()).toEqual([]);
    });
  });
}
