import { expect, test } from 'vitest';
import { ChefRequestError } from '../../../lib/model/chef-request-error.ts';
import type { ChefOrg } from '../../../lib/ports/chef-org.ts';
import { comparePair } from '../../../lib/sync/inspect-pair.ts';
import { pairOfMemory } from './pair-of-memory.ts';

const role = (description: string): string => JSON.stringify({ name: 'x', description });

const denied = new ChefRequestError({
  side: 'primary',
  request: 'GET /roles/secret',
  cause: 'status',
  status: 403,
  text: 'missing read permission',
});

test('every object gets its sign, and a difference the names of its fields', async () => {
  const { ctx, primary, replica } = pairOfMemory(['/roles']);
  primary.set('/roles', new Map(['equal', 'changed', 'new'].map((name) => [name, role('as here')])));
  replica.set('/roles', new Map(['equal', 'changed', 'own'].map((name) => [name, role('as here')])));
  replica.get('/roles')?.set('changed', role('as there'));

  const compared = await comparePair(ctx);

  expect(compared).toEqual([
    { sign: '*', path: '/roles/changed', fields: ['description'] },
    { sign: '=', path: '/roles/equal' },
    { sign: '+', path: '/roles/new' },
    { sign: '-', path: '/roles/own' },
  ]);
});

test('items of a bag that the replica lacks are all only on the primary', async () => {
  const { ctx, primary } = pairOfMemory(['/data']);
  primary.set('/data', new Map([['users', '{"name":"users"}']]));
  primary.set('/data/users', new Map([['alice', '{"id":"alice"}']]));

  expect(await comparePair(ctx)).toEqual([
    { sign: '+', path: '/data/users' },
    { sign: '+', path: '/data/users/alice' },
  ]);
});

test('items of a bag that only the replica has are all only there', async () => {
  const { ctx, replica } = pairOfMemory(['/data']);
  replica.set('/data', new Map([['own', '{"name":"own"}']]));
  replica.set('/data/own', new Map([['bob', '{"id":"bob"}']]));

  expect(await comparePair(ctx)).toEqual([
    { sign: '-', path: '/data/own' },
    { sign: '-', path: '/data/own/bob' },
  ]);
});

test('an object and a list that cannot be read are said to be so, and the others are compared', async () => {
  const { ctx, primary, replica } = pairOfMemory(['/roles', '/environments']);
  const roles = new Map(['open', 'secret'].map((name) => [name, role('same')]));
  primary.set('/roles', roles);
  replica.set('/roles', roles);
  const guarded: ChefOrg = {
    ...ctx.primary,
    names: async (list) => (list === '/environments' ? Promise.reject(denied) : ctx.primary.names(list)),
    read: async (ref) => (ref.name === 'secret' ? Promise.reject(denied) : ctx.primary.read(ref)),
  };

  const reason = expect.stringMatching(/^The primary denies our user this object \(.*missing read permission\): /);
  expect(await comparePair({ ...ctx, primary: guarded })).toEqual([
    { sign: '!', path: '/environments', reason },
    { sign: '=', path: '/roles/open' },
    { sign: '!', path: '/roles/secret', reason },
  ]);
});

test('a server that does not answer ends the comparison with a sentence about it', async () => {
  const { ctx } = pairOfMemory(['/roles']);
  const refuse = async (): Promise<never> => {
    throw new ChefRequestError({ side: 'replica', request: 'GET /roles', cause: 'connection', text: 'ECONNREFUSED' });
  };

  await expect(
    comparePair({ ...ctx, replica: { ...ctx.replica, names: refuse, probe: refuse } }),
  ).rejects.toMatchObject({
    scope: 'endpoint',
    side: 'replica',
    message: expect.stringMatching(/^The replica cannot be reached .*ECONNREFUSED/),
  });
});
