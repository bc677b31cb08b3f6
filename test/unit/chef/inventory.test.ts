import { describe, expect, test } from 'vitest';
import { listNames, searchBodies } from '../../../lib/chef/inventory.ts';
import { cannedOrg } from '../../fuzz/canned-org.ts';

const answering = (text: string) => cannedOrg({ status: 200, text });

describe('lists', () => {
  test('a cookbook called __proto__ is listed and so never taken for a deleted one', async () => {
    const org = answering('{"__proto__":{"versions":[{"version":"1.0.0"}]},"app":{"versions":[{"version":"2.0.0"}]}}');
    expect(await listNames(org, '/cookbooks')).toEqual(['__proto__/1.0.0', 'app/2.0.0']);
  });

  test('a cookbook without its versions makes the list an error, not a shorter list', async () => {
    await expect(listNames(answering('{"app":{"versions":[]},"web":{}}'), '/cookbooks')).rejects.toThrow(
      'instead of a list of cookbooks and their versions',
    );
  });
});

describe('search', () => {
  test('a server that gives the same page for ever, whatever it is asked, does not keep the inventory for ever', async () => {
    const bodies = await searchBodies(answering('{"total":1e300,"rows":[{"name":"web"}]}'), '/roles');
    expect(bodies).toEqual(new Map([['web', '{"name":"web"}']]));
  });
});
