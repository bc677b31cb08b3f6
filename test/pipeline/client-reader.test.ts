import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';
import type { FakeChefServer } from '../support/fake-chef-server.ts';
import { createPairWorld, type PairWorld } from './pair-world.ts';
import { cookbookContent, itemText, roleText } from './sample-organization.ts';
import { type FakePair, startFakePair } from './server-kinds.ts';

// The least that can read a primary: a client as every new organization makes them, without any grant.
let servers: FakePair;
let primary: FakeChefServer;
let source: OrganizationHandle;
let copy: OrganizationHandle;
let world: PairWorld;

beforeEach(async () => {
  servers = await startFakePair({ feed: false });
  primary = servers.fakes.primary;
  source = primary.organization('acme');
  copy = servers.fakes.replica.organization('acme');
  fill();
  const keyPem = primary.addClient('reader', 'acme');
  world = createPairWorld({ ...servers.world, primary: { url: primary.url, user: 'reader', keyPem } });
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await servers.stop();
});

function fill(): void {
  for (const n of [1, 2, 3, 4]) source.putRole(`role${n}`, roleText(`role${n}`, 'as it is'));
  source.putItem('apps', 'one', itemText('one', 'as it is'));
  source.putCookbook('base', '1.0.0', cookbookContent('base', '1.0.0', 'as it is'));
}

async function pollAgain(polls: number): Promise<void> {
  for (let poll = 0; poll < polls; poll += 1) {
    await servers.clock.sleep(60_000);
    await world.once();
  }
}

test('with the key of a client of the primary everything is copied, changed and deleted as with that of a user', async () => {
  await world.once();
  expect(copy.dump()).toEqual(source.dump());

  source.deleteRole('role4');
  source.putItem('apps', 'one', itemText('one', 'changed'));
  await pollAgain(3);

  expect(copy.dump()).toEqual(source.dump());
  expect((await world.status()).text).toBe('in sync');
});

test('an empty organization in the place of the old one, with a client of the same name and key: every delete is held', async () => {
  await world.once();
  const before = copy.dump();
  primary.replaceOrganization('acme');
  primary.addClient('reader', 'acme');

  await pollAgain(3);

  expect(copy.dump()).toEqual(before);
  const { text, plans } = await world.status();
  expect(text).toMatch(/^deletes held 7/);
  expect(plans.map(({ reason }) => reason)).toContain(
    'the primary organization is read as another client or user, or was replaced by another one of the same name, so what it lacks may never have been deleted',
  );
});

test('a client that was made anew compares everything, and copies on', async () => {
  await world.once();
  primary.addClient('reader', 'acme');
  source.putRole('role5', roleText('role5', 'new'));

  await pollAgain(2);

  expect(copy.dump()).toEqual(source.dump());
  expect((await world.status()).text).toBe('in sync');
});
