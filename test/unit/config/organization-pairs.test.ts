import { describe, expect, it } from 'vitest';
import { configText, parse, problemsOf } from './config-text.ts';

const sameServer = '{ url: "https://CHEF.example.com/", user: sync, key: { file: eu.pem } }';
const primaryWithout = '{ url: https://chef.example.com, user: sync, key: { file: p.pem }, organization: none }';
const euWithout = '{ url: https://eu.example.com, user: sync, key: { file: eu.pem }, organization: none }';

const names = (parts: Parameters<typeof configText>[0]) => parse(configText(parts)).pairs.map(({ name }) => name);
const sides = (parts: Parameters<typeof configText>[0]) =>
  parse(configText(parts)).pairs.map(({ name, source, destination }) => ({ name, source, destination }));

describe('organizationPairs', () => {
  it('makes one pair per replica for all, a name and a list of names', () => {
    const organizations = [
      '{ source: acme, replica: all }',
      '{ source: tools, replica: us }',
      '{ source: lab, destination: lab-copy, replica: [us, eu] }',
    ];

    expect(names({ organizations })).toEqual(['eu/acme', 'us/acme', 'us/tools', 'us/lab-copy', 'eu/lab-copy']);
  });

  it('lets an organization overrule the defaults', () => {
    const rest =
      'defaults: { pollSeconds: 30, source: inventory, drift: report, objects: [roles], inventoryShare: 2.5% }';
    const organizations = [
      '{ source: acme, replica: eu }',
      '{ source: tools, replica: us, pollSeconds: 10, bootstrap: false, drift: repair, objects: all, exclude: ["data_bags/secrets/*"], inventoryShare: 100% }',
    ];

    const [acme, tools] = parse(configText({ organizations, rest })).pairs.map(({ settings }) => settings);

    expect(acme).toEqual({
      pollSeconds: 30,
      source: 'inventory',
      bootstrap: true,
      drift: 'report',
      objects: ['roles'],
      include: [],
      exclude: [],
      inventoryShare: 0.025,
    });
    expect(tools).toEqual({
      pollSeconds: 10,
      source: 'inventory',
      bootstrap: false,
      drift: 'repair',
      objects: 'all',
      include: [],
      exclude: ['data_bags/secrets/*'],
      inventoryShare: 1,
    });
  });

  it('lets a server overrule how many requests are in flight', () => {
    const eu = '{ url: https://eu.example.com, user: sync, key: { file: eu.pem }, requestsInFlight: 4 }';

    const pairs = parse(configText({ eu, rest: 'defaults: { requestsInFlight: 8 }' })).pairs;

    expect(pairs.map(({ primary, replica }) => [primary.requestsInFlight, replica.requestsInFlight])).toEqual([
      [8, 4],
      [8, 8],
    ]);
  });

  it('gives all pairs of a server the same settings object, so that its bound on requests is one', () => {
    const organizations = ['{ source: acme, replica: all }', '{ source: tools, replica: eu }'];

    const [euAcme, usAcme, euTools] = parse(configText({ organizations })).pairs;

    expect(euAcme?.primary).toBe(usAcme?.primary);
    expect(euAcme?.replica).toBe(euTools?.replica);
  });

  it('allows one server as both sides when the organizations differ', () => {
    const organizations = ['{ source: acme, destination: acme-copy, replica: eu }', '{ source: acme, replica: us }'];

    expect(names({ eu: sameServer, organizations })).toEqual(['eu/acme-copy', 'us/acme']);
  });

  it('refuses to copy an organization onto itself', () => {
    expect(problemsOf(configText({ eu: sameServer }))).toEqual([
      '7:5: the pair "eu/acme" would copy an organization onto itself, as replica and primary are the same server; name another destination or correct the url',
    ]);
  });

  it('refuses a replica that is the source of another pair', () => {
    const organizations = ['{ source: acme, destination: copy, replica: eu }', '{ source: copy, replica: us }'];

    expect(problemsOf(configText({ eu: sameServer, organizations }))).toEqual([
      '7:5: the destination of the pair "eu/copy" is the source of another pair, and a replica must not be replicated further; name another destination',
    ]);
  });

  it('refuses two pairs with the same destination', () => {
    const organizations = ['{ source: acme, replica: all }', '{ source: tools, destination: acme, replica: us }'];

    expect(problemsOf(configText({ organizations }))).toEqual([
      '8:5: the pair "us/acme" has the same destination as "us/acme" of an earlier entry; remove one or name another destination',
    ]);
  });

  it('refuses the same destination also when its server is listed as two replicas', () => {
    const us = '{ url: "https://eu.example.com:443/", user: other, key: { file: us.pem } }';

    expect(problemsOf(configText({ us }))).toEqual([
      '7:5: the pair "us/acme" has the same destination as "eu/acme", because both replicas are the same server; remove one or name another destination',
    ]);
  });

  it('lists no near replica when none is near', () => {
    expect(problemsOf(configText({ organizations: ['{ source: acme, replica: [eu, us, tokyo] }'] }))).toEqual([
      '7:21: there is no replica "tokyo"; add it to `replicas:`',
    ]);
  });

  it('copies to a replica without organizations, as REPLICA/none', () => {
    expect(sides({ eu: euWithout, organizations: ['{ source: acme, replica: all }'] })).toEqual([
      { name: 'eu/none', source: 'acme', destination: null },
      { name: 'us/acme', source: 'acme', destination: 'acme' },
    ]);
  });

  it('copies from a primary without organizations', () => {
    const organizations = ['{ replica: eu }', '{ destination: acme, replica: us }'];

    expect(sides({ primary: primaryWithout, eu: euWithout, organizations })).toEqual([
      { name: 'eu/none', source: null, destination: null },
      { name: 'us/acme', source: null, destination: 'acme' },
    ]);
  });

  it('refuses organizations where a server has none, and their absence where it has some', () => {
    expect(problemsOf(configText({ organizations: ['{ replica: eu }'] }))).toEqual([
      '7:5: organizations.source is missing; name the organization of the primary',
    ]);
    expect(
      problemsOf(
        configText({ primary: primaryWithout, organizations: ['{ source: a, destination: b, replica: eu }'] }),
      ),
    ).toEqual(['7:7: the primary has `organization: none`, so there is no source to name; remove `source`']);
    expect(problemsOf(configText({ primary: primaryWithout, organizations: ['{ replica: eu }'] }))).toEqual([
      '7:5: organizations.destination is missing; name the organization of the replica "eu", as the primary has none to take the name from',
    ]);
    expect(
      problemsOf(configText({ eu: euWithout, organizations: ['{ source: a, destination: b, replica: eu }'] })),
    ).toEqual([
      '7:18: the replica "eu" has `organization: none`, so there is no destination to name; remove `destination`',
    ]);
  });

  it('refuses a second pair on a replica without organizations', () => {
    const organizations = ['{ source: acme, replica: eu }', '{ source: tools, replica: eu }'];

    expect(problemsOf(configText({ eu: euWithout, organizations }))).toEqual([
      '8:5: the pair "eu/none" has the same destination as "eu/none" of an earlier entry; remove one or name another destination',
    ]);
  });

  it('refuses one server that is said to have organizations and to have none', () => {
    const eu = sameServer.replace(' }}', ' }').replace(/ }$/, ', organization: none }');

    expect(problemsOf(configText({ eu, organizations: ['{ source: acme, replica: eu }'] }))).toEqual([
      '7:5: the pair "eu/none" uses one server with and without organizations; give `organization: none` to both sides or to neither',
    ]);
  });
});
