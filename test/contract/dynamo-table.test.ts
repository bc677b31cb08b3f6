import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../../lib/aws/dynamo-pair-state.ts';
import { createDynamoTable, type DynamoTable, openDynamo } from '../../lib/aws/dynamo-table.ts';
import { takePollSlot } from '../../lib/aws/poll-slots.ts';
import { stateKey } from '../../lib/aws/row-keys.ts';
import type { ListRow } from '../../lib/model/pair-state.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { type DynamoServer, startDynamoServer } from '../support/aws/dynamo-server.ts';
import { ANY_CREDENTIALS, REGION } from '../support/aws/local-aws.ts';
import { pendingEntry } from '../support/pending-entry.ts';

describe('the table', () => {
  let server: DynamoServer;
  let name = '';
  let now = 0;
  let tables = 0;
  const clock = { ...systemClock, now: () => now };

  /** The table as another process has it. */
  const openTable = (client = server.client): DynamoTable => createDynamoTable(client, name, clock);

  beforeAll(async () => {
    server = await startDynamoServer();
  });
  beforeEach(async () => {
    tables += 1;
    name = `table-${tables}`;
    now = 1_700_000_000_000;
    await server.createTable(name);
  });
  afterAll(() => server.stop());

  const key = { pk: 'PAIR#eu/acme', sk: 'STATE' };
  const count = (table: DynamoTable) => table.update<number>(key, (row) => ({ body: (row?.body ?? 0) + 1 }));

  test('four processes that change one row at once lose no change', async () => {
    const processes = Array.from({ length: 4 }, () => openTable());

    await Promise.all(processes.flatMap((table) => Array.from({ length: 10 }, () => count(table))));

    expect((await openTable().read<number>(key))?.body).toBe(40);
  });

  test('a change whose answer got lost is made once, and known as made', async () => {
    const client = openDynamo({ endpoint: server.url, region: REGION, credentials: ANY_CREDENTIALS });
    let lost = 0;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const answer = await next(args);
        if (context['commandName'] !== 'PutItemCommand' || lost > 0) return answer;
        lost += 1;
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
      },
      { step: 'deserialize', priority: 'high' },
    );

    expect(await count(openTable(client))).toEqual({ isChanged: true, entry: { body: 1 } });

    expect(lost).toBe(1);
    expect((await openTable().read<number>(key))?.body).toBe(1);
    client.destroy();
  });

  test('a list of 20,000 frozen versions fits into its row, and comes back whole', async () => {
    const ledger = createDynamoLedger(openTable(), 'eu/acme');
    const frozen = Array.from({ length: 20_000 }, (_, n) => `cookbook-${n % 700}/${n % 9}.${n % 13}.${n}`);
    const row: ListRow = { side: 'primary', list: '/cookbooks', epoch: 1, generation: 1, frozen };

    await ledger.updateList('primary', '/cookbooks', () => row);

    expect(await ledger.readList('primary', '/cookbooks')).toEqual(row);
    expect(await ledger.lists('primary')).toEqual([row]);
  });

  test('names that fit into no row are left out, and the rest of the list is kept', async () => {
    const ledger = createDynamoLedger(openTable(), 'eu/acme');
    const frozen = Array.from({ length: 30_000 }, () => randomBytes(12).toString('hex'));
    const row: ListRow = { side: 'primary', list: '/cookbooks', epoch: 1, generation: 1, count: 30_000 };

    await ledger.updateList('primary', '/cookbooks', () => ({ ...row, frozen }));

    expect(await ledger.readList('primary', '/cookbooks')).toEqual(row);
  });

  test('a tombstone counts as gone after 30 days, whether or not DynamoDB has removed it', async () => {
    const ledger = createDynamoLedger(openTable(), 'eu/acme');
    const tombstone = pendingEntry('/roles/web', now, { action: 'delete', state: 'synced', settledAt: now });
    await ledger.update('/roles/web', () => tombstone);
    const live = pendingEntry('/roles/db', now, { state: 'synced', settledAt: now });
    await ledger.update('/roles/db', () => live);

    now += 29 * 24 * 60 * 60 * 1000;
    expect(await ledger.entriesOf('/roles')).toHaveLength(2);
    now += 2 * 24 * 60 * 60 * 1000;

    expect(await ledger.read('/roles/web')).toBeUndefined();
    expect(await ledger.entriesOf('/roles')).toEqual([live]);
    const again = pendingEntry('/roles/web', now);
    expect(await ledger.update('/roles/web', (entry) => (entry === undefined ? again : undefined))).toEqual({
      isChanged: true,
      entry: again,
    });
  });

  test('a state that a newer version wrote is refused with the next step, and stays as it is', async () => {
    const newer = { body: { epoch: 'written otherwise' }, schema: 2 };
    await openTable().write(stateKey('eu/acme'), newer);
    const state = createDynamoPairState(openTable(), 'eu/acme');

    await expect(state.read()).rejects.toThrow(
      'The state of eu/acme is of version 2, and these functions know versions up to 1: deploy the newer chef-sync again.',
    );
    await expect(state.update((found) => found)).rejects.toThrow('version 2');
    expect(await openTable().read(stateKey('eu/acme'))).toMatchObject(newer);
  });

  describe('slots of a server', () => {
    const take = (holder: string, untilMs = 60_000) =>
      takePollSlot({
        table: openTable(),
        clock,
        origin: 'https://chef.example.com',
        slots: 2,
        holder,
        until: now + untilMs,
        deadline: now,
      });

    test('only so many polls have one at a time, and a released one is free at once', async () => {
      const [first, second] = [await take('eu/a'), await take('eu/b')];
      expect(first).toBeDefined();
      expect(second).toBeDefined();
      expect(await take('eu/c')).toBeUndefined();

      await first?.release();

      expect(await take('eu/c')).toBeDefined();
      expect(await take('eu/d')).toBeUndefined();
    });

    test('the slot of a poll that died is free when its time is over, and its late release takes it from nobody', async () => {
      const dead = await take('eu/a', 1_000);
      await take('eu/b');
      now += 1_001;

      expect(await take('eu/c')).toBeDefined();
      await dead?.release();
      expect(await take('eu/d')).toBeUndefined();
    });
  });
});
