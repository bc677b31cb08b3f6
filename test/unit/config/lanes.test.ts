import { describe, expect, test } from 'vitest';
import { COPIERS_PER_LANE, type LanePlan, planLanes } from '../../../lib/config/lanes.ts';
import type { OrganizationPair } from '../../../lib/config/organization-pair.ts';
import { packConfig, unpackConfig } from '../../../lib/config/packed-config.ts';
import { awsText, certificate, parse, unreadable } from './config-text.ts';

/** Pairs of one primary, `perReplica` for each replica. */
function pairsOf(replicas: number, perReplica: number, { primaryRequests = 16, replicaRequests = 16 } = {}) {
  const names = Array.from({ length: replicas }, (_, i) => `r${i}`);
  const server = (name: string, requests: number): string =>
    `{ url: https://${name}.example.com, user: u, key: { secret: ${name} }, requestsInFlight: ${requests} }`;
  const text = [
    'version: 1',
    `primary: ${server('chef', primaryRequests)}`,
    'replicas:',
    ...names.map((name) => `  ${name}: ${server(name, replicaRequests)}`),
    'organizations:',
    ...Array.from({ length: perReplica }, (_, i) => `  - { source: org${i}, replica: all }`),
  ].join('\n');
  return parse(text, unreadable, 'aws').pairs;
}

/** The most requests that may be in flight to a server when everything is at work. */
function worstCase(plan: LanePlan, pairs: readonly OrganizationPair[], origin: string): number {
  const uses = (name: string): boolean =>
    pairs.some((pair) => pair.name === name && [pair.primary.url, pair.replica.url].includes(origin));
  const copies = plan.lanes
    .filter((lane) => lane.pairs.some(uses))
    .reduce((sum, lane) => sum + COPIERS_PER_LANE * lane.requestsPerCopier, 0);
  const { slots = 0, requestsPerPoll = 0, requestsPerJob = 0 } = plan.polls.get(origin) ?? {};
  return copies + slots * requestsPerPoll + requestsPerJob;
}

describe('planLanes', () => {
  test('one pair has a lane of its own and most of what the servers bear', () => {
    const pairs = pairsOf(1, 1);
    const plan = planLanes(pairs);

    expect(plan.lanes).toMatchObject([{ pairs: ['r0/org0'], requestsPerCopier: 6 }]);
    expect(plan.polls.get('https://chef.example.com')).toEqual({ slots: 1, requestsPerPoll: 3, requestsPerJob: 1 });
  });

  test.each([
    [1, 1],
    [1, 6],
    [1, 40],
    [2, 3],
    [4, 10],
    [6, 30],
    [4, 50],
  ])('E3.13 %i replicas of %i pairs never overload a server, and every pair has one lane', (replicas, perReplica) => {
    const pairs = pairsOf(replicas, perReplica);
    const plan = planLanes(pairs);

    expect(plan.problems).toEqual([]);
    for (const origin of plan.polls.keys()) expect(worstCase(plan, pairs, origin)).toBeLessThanOrEqual(16);
    expect(plan.lanes.flatMap((lane) => lane.pairs).sort()).toEqual(pairs.map(({ name }) => name).sort());
    for (const lane of plan.lanes) expect(new Set(lane.pairs.map((name) => name.split('/')[0])).size).toBe(1);
  });

  test('E3.12 pairs share the lanes of their replica only when there are too many for one each', () => {
    expect(planLanes(pairsOf(2, 3)).lanes).toHaveLength(6);
    expect(planLanes(pairsOf(2, 4)).lanes.length).toBeLessThanOrEqual(6);
  });

  test('more replicas than the primary can serve are refused at its line, with the number it would need', () => {
    expect(() => pairsOf(7, 1)).toThrow(
      'chef-sync.yaml:2:1: https://chef.example.com takes part in 7 lanes, which need 18 requests in flight, and it allows 16: raise its `requestsInFlight` (at most 32) or put some replicas into another stack',
    );
    expect(planLanes(pairsOf(7, 1, { primaryRequests: 18 })).problems).toEqual([]);
  });

  test('the order of the file changes no lane', () => {
    const pairs = pairsOf(4, 10);
    const lanes = (of: readonly OrganizationPair[]) =>
      new Map(planLanes(of).lanes.flatMap((lane) => lane.pairs.map((pair) => [pair, lane.name] as const)));

    expect(lanes(pairs.toReversed())).toEqual(lanes(pairs));
  });
});

test('a packed configuration holds what the functions need and no path of this machine', () => {
  const eu = '{ url: https://eu.example.com, user: sync, key: { secret: eu }, tls: { ca: ../eu-ca.pem } }';
  const config = parse(awsText({ eu }), () => ({ text: certificate, mode: 0o644 }), 'aws');

  const packed = packConfig(config, (path) => `certificate of ${path}`);

  expect(unpackConfig(packed)).toMatchObject({
    servers: [
      {
        url: 'https://chef.example.com',
        key: { secret: 'chef-sync/chef' },
        pollSlots: 2,
        requestsPerPoll: 1,
        requestsPerJob: 1,
      },
      { url: 'https://eu.example.com', key: { secret: 'eu' }, caPem: 'certificate of /eu-ca.pem' },
      { url: 'https://us.example.com' },
    ],
    pairs: [
      { name: 'eu/acme', primary: 0, replica: 1, requestsPerCopier: 3 },
      { name: 'us/acme', primary: 0, replica: 2 },
    ],
  });
});
