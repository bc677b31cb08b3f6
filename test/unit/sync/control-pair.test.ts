import { expect, test } from 'vitest';
import { resyncPair } from '../../../lib/sync/control-pair.ts';
import { LeaseLostError, takeLease } from '../../../lib/sync/poll-lease.ts';
import { pairOfMemory } from './pair-of-memory.ts';

test('a poll under way when the operator asks for a resync writes no place of the old inventory into the new one', async () => {
  const { ctx } = pairOfMemory(['/roles']);
  const lease = await takeLease(ctx, 60_000);
  if ('refused' in lease) throw new Error(lease.refused);

  await resyncPair(ctx);

  await expect(lease.write((state) => state)).rejects.toThrow(LeaseLostError);
  expect(await ctx.state.read()).toMatchObject({ epoch: 2, trustFrom: 2 });
  expect(await takeLease(ctx, 60_000)).not.toHaveProperty('refused');
});
