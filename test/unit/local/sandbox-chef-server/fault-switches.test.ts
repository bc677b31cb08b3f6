import { describe, expect, it } from 'vitest';
import { startFakeChefServer } from '../../../support/fake-chef-server.ts';
import { bodyTooLarge, emptyAnswer, emptyList, htmlPage } from '../../../support/fault-answers.ts';
import { send } from './signed-request.ts';

const roles = '/organizations/acme/roles';

describe('fault rules', () => {
  it('apply to the requests they match, as often as they say', async () => {
    await using server = await startFakeChefServer();
    const rule = server.faults.when(
      { method: 'GET', path: /\/roles$/ },
      { kind: 'answer', status: 503, body: '{"error":["busy"]}' },
      { times: 2 },
    );

    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await send(server, 'GET', roles)).status);

    expect(statuses).toEqual([503, 503, 200]);
    expect(rule.hits).toBe(2);
    expect(server.requests.entries.map(({ status, user }) => [status, user])).toEqual([
      [503, 'sync'],
      [503, 'sync'],
      [200, 'sync'],
    ]);
  });

  it.each([
    ['an HTML page', htmlPage, 200, /^<html>/],
    ['an empty answer', emptyAnswer, 200, /^$/],
    ['a list that lies empty', emptyList, 200, /^\{\}$/],
    ['a size limit', bodyTooLarge, 413, /no more than/],
  ] as const)('can answer with %s', async (_, action, status, text) => {
    await using server = await startFakeChefServer();
    server.organization('acme').putRole('web', {});
    server.faults.when({ path: /roles/ }, action);

    const answer = await send(server, 'GET', roles);

    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(text);
  });

  it.each(['drop-request', 'drop-answer', 'drop-mid-body', 'truncate'] as const)(
    '%s: the client sees its connection fail, and the write is done unless the request was dropped',
    async (kind) => {
      await using server = await startFakeChefServer();
      server.faults.when({ method: 'POST', path: /roles/ }, { kind }, { times: 1 });

      await expect(send(server, 'POST', roles, { body: { name: 'web' } })).rejects.toThrow();

      expect(server.organization('acme').dump().roles.has('web')).toBe(kind !== 'drop-request');
    },
  );

  it('corrupt bodies without changing their length, or make them no UTF-8', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putRole('web', { description: 'x'.repeat(400) });
    const intact = await send(server, 'GET', `${roles}/web`);

    server.faults.when({ path: /web/ }, { kind: 'corrupt' }, { times: 1 });
    server.faults.when({ path: /web/ }, { kind: 'invalid-utf8' }, { times: 1 });
    const corrupt = await send(server, 'GET', `${roles}/web`);
    const invalid = await send(server, 'GET', `${roles}/web`);

    expect(corrupt.text).not.toBe(intact.text);
    expect(corrupt.text).toHaveLength(intact.text.length);
    expect(invalid.text).toContain('\ufffd');
  });

  it('can leave a request without an answer for ever', async () => {
    await using server = await startFakeChefServer();
    server.faults.when({ path: /roles/ }, { kind: 'hang' });

    const unanswered = send(server, 'GET', roles);
    await expect.poll(() => server.requests.entries.length).toBe(1);
    await server.stop();

    await expect(unanswered).rejects.toThrow();
  });
});

describe('overload', () => {
  it('lies about objects that exist, but never shows an empty list, and leaves nothing of a refused write', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putItem('users', 'a', {});
    server.faults.overload = { probability: 1, answerMs: 0 };

    const [items, lists] = [new Set<number>(), new Set<string>()];
    for (let count = 0; count < 150; count += 1) {
      items.add((await send(server, 'GET', '/organizations/acme/data/users/a')).status);
      const list = await send(server, 'GET', '/organizations/acme/data');
      lists.add(list.status === 200 ? list.text : String(list.status));
      await send(server, 'POST', roles, { body: { name: `r${count}` } });
    }

    expect([...items].sort()).toEqual([200, 403, 404, 500, 503]);
    expect([...lists].sort()).toEqual(['500', '503', `{"users":"${server.url}/organizations/acme/data/users"}`]);
    const created = server.requests.entries.filter(({ method, status }) => method === 'POST' && status === 201);
    expect(server.organization('acme').dump().roles.size).toBe(created.length);
  });

  it('begins beyond a number of requests in flight', async () => {
    await using server = await startFakeChefServer();
    server.organization('acme').putRole('web', {});
    server.faults.overload = { beyondInFlight: 20, answerMs: 20 };
    const read = async () => (await send(server, 'GET', `${roles}/web`)).status;

    const few = await Promise.all(Array.from({ length: 20 }, read));
    const many = await Promise.all(Array.from({ length: 60 }, read));

    expect(new Set(few)).toEqual(new Set([200]));
    expect(new Set(many).size).toBeGreaterThan(1);
    expect(server.requests.highestInFlight).toBeGreaterThan(20);
  });
});
