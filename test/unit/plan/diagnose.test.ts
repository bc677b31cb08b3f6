import { describe, expect, test } from 'vitest';
import type { RequestFailure } from '../../../lib/model/chef-request-error.ts';
import type { OrganizationFacts, ServerFacts } from '../../../lib/model/server-facts.ts';
import { diagnoseOrganization, diagnoseServer } from '../../../lib/plan/diagnose.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const DAY = 24 * 60 * 60_000;

const server = (changes: Partial<ServerFacts> = {}): ServerFacts => ({
  side: 'primary',
  url: 'https://chef.example.com',
  isHttps: true,
  isCertificateUnchecked: false,
  isProxySet: false,
  addresses: ['192.0.2.1'],
  connectMs: 12,
  tls: { protocol: 'TLSv1.3', issuer: 'Example CA', expiresAt: NOW + 90 * DAY, expiring: 'chef.example.com' },
  ...changes,
});
const tls = (changes: Partial<NonNullable<ServerFacts['tls']>>): Partial<ServerFacts> => {
  const { tls: good } = server();
  return good === undefined ? {} : { tls: { ...good, ...changes } };
};

const failed = (status: number, text: string): RequestFailure => ({
  side: 'replica',
  request: 'GET /organizations/acme',
  cause: 'status',
  status,
  text: `${status} ${text}`,
});

const organization = (changes: Partial<OrganizationFacts> = {}): OrganizationFacts => ({
  side: 'replica',
  user: 'sync',
  organization: 'acme',
  probe: {},
  clockAheadMs: 300,
  product: 'flavor=cs;version=12.0.0;oc_erchef=15.10.118',
  signing: ['1.3', '1.1', '1.0'].map((protocol) => ({ protocol, isConfigured: protocol === '1.3', attempt: {} })),
  apiVersion: 2,
  lists: [{ list: '/roles', attempt: {}, objectAttempt: {} }],
  isAdmin: true,
  search: { listed: 3, found: 3 },
  largeBody: { status: 400 },
  ...changes,
});

test('a good server has nothing but good findings', () => {
  const all = [...diagnoseServer(server(), NOW), ...diagnoseOrganization(organization())];

  expect(all.map(({ verdict }) => verdict)).toEqual(all.map(() => 'ok'));
  expect(all.map(({ check }) => check)).toEqual([
    ...['dns', 'tcp', 'tls', 'clock', 'key', 'organization', 'server', 'api version', 'signing', 'read roles', 'write'],
    ...['search', 'limits'],
  ]);
});

describe('of the way to a server it finds', () => {
  test.each<[string, Partial<ServerFacts>, string, 'warning' | 'failure', RegExp]>([
    ['a name without address', { addresses: [], addressProblem: 'ENOTFOUND' }, 'dns', 'failure', /ENOTFOUND/],
    ['the same behind a proxy', { addressProblem: 'ENOTFOUND', isProxySet: true }, 'dns', 'warning', /proxy/],
    ['a closed port', { connectProblem: 'ECONNREFUSED' }, 'tcp', 'failure', /ECONNREFUSED.*is up/],
    ['http', { isHttps: false }, 'tls', 'warning', /use https/],
    ['an unknown CA', tls({ problem: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'tls', 'failure', /tls\.ca/],
    ['another name', tls({ problem: 'ERR_TLS_CERT_ALTNAME_INVALID' }), 'tls', 'failure', /another name: set `url`/],
    ['an unchecked one', { ...tls({ problem: 'X' }), isCertificateUnchecked: true }, 'tls', 'warning', /verify: false/],
    ['no TLS at all', { tls: undefined, tlsProblem: 'EPROTO' }, 'tls', 'failure', /EPROTO/],
    [
      'a certificate of 29 days',
      tls({ expiresAt: NOW + 29 * DAY }),
      'tls',
      'warning',
      /in 29 days \(2026-01-30\): renew/,
    ],
  ])('%s', (_what, changes, check, verdict, text) => {
    expect(diagnoseServer(server(changes), NOW).at(-1)).toEqual({ check, verdict, text: expect.stringMatching(text) });
  });
});

describe('of an organization it finds', () => {
  const denied = { failure: failed(403, 'missing create permission') };
  test.each<[string, Partial<OrganizationFacts>, string, 'warning' | 'failure', RegExp]>([
    ['a clock that is 2 minutes behind', { clockAheadMs: -120_000 }, 'clock', 'warning', /120 s.*behind.*NTP/],
    ['a clock that is an hour ahead', { clockAheadMs: 3_600_000 }, 'clock', 'failure', /refuses every request/],
    ['the key of another user', { probe: { failure: failed(401, 'Invalid signature') } }, 'key', 'failure', /`key`/],
    [
      'a user who is no member',
      { probe: { failure: failed(403, "'sync' not associated with organization 'acme'") } },
      'organization',
      'failure',
      /prepare-org/,
    ],
    ['no organization', { probe: { failure: failed(404, 'does not exist') } }, 'organization', 'failure', /name/],
    ['Chef Server 11', { product: 'flavor=osc;version=11.1.7' }, 'server', 'warning', /Chef Server 12 is the oldest/],
    ['an old API', { apiVersion: 1 }, 'api version', 'warning', /12\.18\.14/],
    ['a list that is denied', { lists: [{ list: '/roles', attempt: denied }] }, 'read roles', 'failure', /denies/],
    ['a user outside of admins', { isAdmin: false }, 'write', 'warning', /--write-probe/],
    [
      'a write that is denied',
      { writes: [{ what: 'make a role', attempt: denied }] },
      'write',
      'failure',
      /make a role/,
    ],
    ['search without answer', { search: { problem: '503' } }, 'search', 'warning', /one by one/],
    ['search that lags', { search: { listed: 3, found: 1 } }, 'search', 'warning', /lacks 2 of 3/],
    ['search that takes long', { writes: [], searchLagMs: 15_000 }, 'search', 'warning', /after 15\.0 s/],
    ['a small limit', { largeBody: { status: 413 } }, 'limits', 'warning', /max_request_size/],
    ['a feed that is refused', { feed: { kind: 'refused', text: '403' } }, 'feed', 'failure', /source: inventory/],
    [
      'a load that is too much',
      {
        load: [
          { inFlight: 8, requests: 80, perSecond: 80, medianMs: 20 },
          { inFlight: 16, requests: 9, perSecond: 9, medianMs: 90, failure: failed(503, 'busy') },
        ],
      },
      'load',
      'warning',
      /requestsInFlight: 8/,
    ],
  ])('%s', (_what, changes, check, verdict, text) => {
    const found = diagnoseOrganization(organization(changes));

    expect(found.find((one) => one.check === check)).toEqual({ check, verdict, text: expect.stringMatching(text) });
  });

  test('signatures that the server does not take, and the version to configure', () => {
    const refused = { failure: failed(400, 'unsupported version') };
    const signing = organization().signing.map((one) => (one.protocol === '1.3' ? { ...one, attempt: refused } : one));

    const found = diagnoseOrganization(organization({ signing, probe: refused }));

    expect(found.find(({ check }) => check === 'signing')).toMatchObject({
      verdict: 'failure',
      text: expect.stringContaining('signingVersion: "1.1"'),
    });
  });
});
