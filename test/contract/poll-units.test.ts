import { expect, test } from 'vitest';
import { fill } from '../assembly/organization-content.ts';
import { startPairOnDynamo } from '../support/aws/pair-on-dynamo.ts';

const ENTRIES = 100_000;
/** The lease when a poll begins, and the state when it ends. */
const IDLE_WRITES = 2;
const MOST_POLLS = 15;

test('a poll costs the same with 100,000 entries in the ledger as with 1,000: none of its reads looks at them', async () => {
  await using pair = await startPairOnDynamo();
  const acme = pair.primary.organization('acme');
  fill(acme);
  const cost = async () => {
    const before = pair.units();
    await pair.poll();
    const { read, write } = pair.units();
    return { read: read - before.read, write: write - before.write };
  };
  /** The poll after which nothing is left to do; what came before it found, copied, confirmed and deleted. */
  const idle = async () => {
    for (let polls = 0; polls < MOST_POLLS; polls += 1) {
      const spent = await cost();
      if (spent.write === IDLE_WRITES) return spent;
    }
    throw new Error(`the pair is not at rest after ${MOST_POLLS} polls`);
  };

  await pair.fillLedger(0, 1_000);
  const idleOfFew = await idle();
  acme.putRole('role-1', { description: 'once' });
  acme.deleteItem('users', 'ann');
  await idle();
  const { largest } = pair.units();
  await pair.fillLedger(1_000, ENTRIES);
  const idleOfMany = await idle();
  acme.putRole('role-1', { description: 'twice' });
  acme.deleteItem('users', 'bob');
  await idle();

  expect(idleOfMany).toEqual(idleOfFew);
  expect(idleOfMany.read).toBeLessThan(20);
  const { dataBags, roles } = pair.replica.organization('acme').dump();
  expect(roles.get('role-1')).toContain('twice');
  expect([...(dataBags.get('users')?.keys() ?? [])]).toEqual(['eve']);
  // A page of a scan would take 128.
  expect(pair.units().largest).toBe(largest);
  expect(largest).toBeLessThan(10);
}, 300_000);
