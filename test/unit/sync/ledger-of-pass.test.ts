import { expect, test } from 'vitest';
import { voidDigests } from '../../../lib/model/pair-state.ts';
import { ledgerOfPass } from '../../../lib/sync/ledger-of-pass.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const LIST = '/roles';

test('a list whose digest a copier voids is seen to be so within five seconds', async () => {
  const { ctx, lease, ledger, pass } = pairOfMemory([LIST]);
  await ledger.updateList('primary', LIST, () => ({
    side: 'primary',
    list: LIST,
    epoch: 1,
    generation: 1,
    names: { digest: 'as it was' },
  }));
  const ofPass = ledgerOfPass(ctx, lease);
  expect((await ofPass.readList('primary', LIST))?.names).toBeDefined();

  await ledger.updateList('primary', LIST, (row) => voidDigests(row, 'primary', LIST, 1));
  pass(5_000);

  expect(await ofPass.readList('primary', LIST)).toMatchObject({ generation: 2 });
  expect((await ofPass.readList('primary', LIST))?.names).toBeUndefined();
});
