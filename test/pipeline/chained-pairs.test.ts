import { expect, test } from 'vitest';
import { startFakeChefServer } from '../support/fake-chef-server.ts';
import { leapingClock } from './leaping-clock.ts';
import { createPairWorld } from './pair-world.ts';
import { roleText } from './sample-organization.ts';

test('the destination of one pair is no source of another, under whatever address its server is named', async () => {
  const clock = leapingClock();
  await using primary = await startFakeChefServer({ organizations: ['acme', 'copy'], now: clock.now });
  await using replica = await startFakeChefServer({ organizations: ['copy'], now: clock.now });
  primary.organization('acme').putRole('web', roleText('web', 'first'));
  await using world = createPairWorld({
    primary,
    replicas: { same: { ...primary, url: `http://localhost:${primary.port}` }, eu: replica },
    organizations: [
      { source: 'acme', destination: 'copy', replica: 'same' },
      { source: 'copy', replica: 'eu' },
    ],
    clock,
  });
  await world.once();
  const before = replica.organization('copy').dump();

  primary.organization('acme').putRole('db', roleText('db', 'new'));
  for (let poll = 0; poll < 2; poll += 1) {
    await clock.sleep(120_000);
    await world.once();
  }

  expect((await world.status('same/copy')).text).toBe('in sync');
  expect((await world.status('eu/copy')).text).toContain('The source of this pair is the destination of another pair');
  expect(replica.organization('copy').dump()).toEqual(before);
});

test('an organization is not replicated to itself, under whatever address its server is named', async () => {
  const clock = leapingClock();
  await using primary = await startFakeChefServer({ now: clock.now });
  primary.organization('acme').putRole('web', roleText('web', 'first'));
  await using world = createPairWorld({
    primary,
    replicas: { same: { ...primary, url: `http://localhost:${primary.port}` } },
    organizations: [{ source: 'acme', replica: 'same' }],
    clock,
  });

  await world.once();

  expect((await world.status()).text).toContain('Source and destination are the same organization');
  expect(primary.requests.entries.filter(({ method }) => method !== 'GET')).toEqual([]);
});
