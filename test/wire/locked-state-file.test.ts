import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { startWireWorld } from './wire-world.ts';

test('a state file that another program locks is told in a sentence, and when it lets go the pair ends in sync', async () => {
  await using wire = await startWireWorld();
  const { world } = wire;
  await wire.untilEqual();
  const other = new DatabaseSync(join(dirname(world.configFile), 'chef-sync.db'));
  other.exec('BEGIN IMMEDIATE');
  wire.edit(0);

  const isTold = (): boolean => world.log.some((line) => /chef-sync\.db is locked/.test(line));
  await world.until('the lock is told', isTold);
  expect(world.log.filter((line) => / error /.test(line) && /\n\s+at /.test(line))).toEqual([]);

  other.exec('ROLLBACK');
  other.close();
  await wire.untilEqual();
  wire.expectEqualSides();
});
