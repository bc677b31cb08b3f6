import { expect, test } from 'vitest';
import { keepUnknownPaths } from '../../../lib/sync/keep-unknown-paths.ts';
import { pairOfMemory } from './pair-of-memory.ts';

test('what cannot be replicated is told once in the log, however often the primary names it', async () => {
  const { ctx, lease } = pairOfMemory(['/roles']);
  const told: unknown[] = [];
  const log: typeof ctx.log = (_level, _message, fields) => void told.push(fields?.['path']);
  const names = (...paths: readonly string[]) => keepUnknownPaths({ ...ctx, log }, lease, paths, () => true);

  await names('/roles/..');
  await names('/roles/..');
  await names('/roles/..', '/roles/.');
  await names('/roles/.');

  expect(told).toEqual(['/roles/..', '/roles/.']);
  expect(lease.state().unknownPaths).toEqual(['/roles/.']);
});
