import { expect, test } from 'vitest';
import { type LedgerEntry, unsyncedBucket } from '../../../lib/model/ledger-entry.ts';
import { type ObjectPath, trustedRef } from '../../../lib/model/object-path.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import { awaitContent, mustAwaitContent } from '../../../lib/sync/await-content.ts';
import { fingerprintOf, type PairContext } from '../../../lib/sync/pair-context.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const STATE = { ...newPairState(1, 'filter', 'copy'), guids: { primary: 'p', replica: 'r' }, epoch: 3, trustFrom: 2 };
const ROLE = pendingEntry('/roles/web', 1);
const COPIED = { state: 'synced', owned: 'r', fingerprint: 'f', version: { epoch: 2, n: 1 } } as const;

function sourceOf(ctx: PairContext, path: ObjectPath, body: object) {
  const ref = trustedRef(path);
  const text = JSON.stringify({ name: ref.name, ...body });
  return { ref, object: { ref, text }, fingerprint: fingerprintOf(ctx, ref, text), isFrozen: false, readAt: 1 };
}

/** Whether a role that names this waits, where the ledger has these entries. */
async function isAwaited(
  named: string,
  entries: readonly LedgerEntry[],
  { isWanted = true, isSeen = false } = {},
): Promise<boolean> {
  const { ctx, ledger } = pairOfMemory(['/roles', '/cookbooks']);
  for (const entry of entries) await ledger.update(entry.path, () => entry);
  const rules = { ...ctx.rules, isWanted: () => isWanted };
  const source = sourceOf(ctx, '/roles/web', { run_list: [named] });
  const entry = isSeen ? { ...ROLE, seen: source.fingerprint } : ROLE;
  return await mustAwaitContent({ ...ctx, rules }, { entry, state: STATE }, source);
}

const apt = (version: string, changes: Partial<LedgerEntry> = {}): LedgerEntry =>
  pendingEntry(`/cookbooks/apt/${version}`, 1, changes);

test('a role waits for a cookbook of which the pair knows no version', async () => {
  expect(await isAwaited('recipe[apt]', [])).toBe(true);
  expect(await isAwaited('recipe[apt]', [pendingEntry('/cookbooks/apt-repo/1.0.0', 1, COPIED)])).toBe(true);
});

test('a role is written when the replica has a version that would do', async () => {
  expect(await isAwaited('recipe[apt]', [apt('1.0.0', COPIED)])).toBe(false);
  expect(await isAwaited('recipe[apt@1.0.0]', [apt('1.0.0', COPIED), apt('2.0.0')])).toBe(false);
  expect(await isAwaited('recipe[apt@2.0.0]', [apt('1.0.0', COPIED), apt('2.0.0')])).toBe(true);
});

test('no role waits for what is never listed: a cookbook outside of the filter, or with a name that none can have', async () => {
  expect(await isAwaited('recipe[apt]', [], { isWanted: false })).toBe(false);
  expect(await isAwaited('recipe[a/b]', [])).toBe(false);
});

test('a role that an inventory saw in this form was waited for already, and is written whatever it names', async () => {
  expect(await isAwaited('recipe[apt]', [], { isSeen: true })).toBe(false);
});

test('a role that waits is written down as seen, and goes with a run that began after cookbooks were listed', async () => {
  const { ctx, ledger } = pairOfMemory(['/roles', '/cookbooks']);
  await ledger.update(ROLE.path, () => ({ ...ROLE, attempts: 1 }));
  const source = sourceOf(ctx, '/roles/web', { run_list: ['recipe[apt]'] });

  expect(await awaitContent(ctx, { entry: ROLE, state: STATE }, source)).toBe('waiting');

  const entry = await ledger.read(ROLE.path);
  expect(entry).toMatchObject({
    seen: source.fingerprint,
    waitsForContent: ctx.clock.now(),
    attempts: 0,
    action: 'upsert',
  });
  expect(entry && unsyncedBucket(entry)).toBe(2);
});
