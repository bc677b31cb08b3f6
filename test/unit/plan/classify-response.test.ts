import { describe, expect, test } from 'vitest';
import type { RequestFailure } from '../../../lib/model/chef-request-error.ts';
import { isSuspect, judgeFailure } from '../../../lib/plan/classify-response.ts';

const failed = (some: Partial<RequestFailure>): RequestFailure => ({
  side: 'replica',
  request: 'PUT /roles/web',
  cause: 'status',
  text: 'no more words',
  ...some,
});

const SUSPECTS: readonly Partial<RequestFailure>[] = [
  ...[301, 401, 403, 404, 406, 429, 500, 502, 503, 504].map((status) => ({ status })),
  { cause: 'time-out' },
  { cause: 'connection' },
  { cause: 'tls' },
  { cause: 'tls-name' },
  { cause: 'unexpected-answer', status: 200 },
];

const OBJECT_FAILURES: readonly Partial<RequestFailure>[] = [
  ...[400, 409, 413].map((status) => ({ status })),
  { status: 400, isMissingChecksum: true },
  { status: 503, isSandboxCommit: true },
  { cause: 'object' },
  { cause: 'object', status: 200 },
  { cause: 'object', status: 404 },
];

describe('isSuspect', () => {
  test.each(SUSPECTS)('asks for a probe after $cause $status', (some) => {
    expect(isSuspect(failed(some))).toBe(true);
  });

  test.each(OBJECT_FAILURES)('asks for none after $cause $status', (some) => {
    expect(isSuspect(failed(some))).toBe(false);
  });
});

describe('judgeFailure', () => {
  test.each(SUSPECTS)(
    '$cause $status with a failing probe, or none, is the server: nothing is parked for it',
    (some) => {
      for (const probe of ['failed', undefined] as const) {
        expect(judgeFailure(failed(some), probe)).toMatchObject({
          outcome: 'endpoint',
          isHopeless: false,
          side: 'replica',
        });
      }
    },
  );

  test.each(SUSPECTS)('$cause $status with a good probe concerns the one object, which is tried again', (some) => {
    expect(judgeFailure(failed(some), 'good')).toMatchObject({ outcome: 'object', isHopeless: false });
  });

  test.each(OBJECT_FAILURES)('$cause $status concerns the one object, whatever a probe says', (some) => {
    for (const probe of ['good', 'failed', undefined] as const) {
      expect(judgeFailure(failed(some), probe).outcome).toBe('object');
    }
  });

  test('only what no retry can help is parked at once: too large, or impossible to carry', () => {
    const hopeless = OBJECT_FAILURES.filter((some) => judgeFailure(failed(some), undefined).isHopeless);
    expect(hopeless).toEqual([{ status: 413 }, { cause: 'object' }, { cause: 'object', status: 200 }]);
  });

  test.each<[string, Partial<RequestFailure>, 'good' | 'failed', string, string]>([
    [
      'a wrong clock',
      { status: 401, text: 'Failed to authenticate as U. Synchronize the clock on your host.' },
      'failed',
      'REPLICA_CLOCK',
      'NTP',
    ],
    [
      'a wrong key',
      { status: 401, text: "Invalid signature for user or client 'U'" },
      'failed',
      'REPLICA_UNAUTHORIZED',
      '`key`',
    ],
    [
      'a user outside the organization',
      { status: 403, text: "'U' not associated with organization 'O'" },
      'failed',
      'REPLICA_NOT_A_MEMBER',
      'chef-sync-ctl prepare-org',
    ],
    [
      'a user without rights',
      { status: 403, text: 'missing read permission' },
      'failed',
      'REPLICA_FORBIDDEN',
      'chef-sync-ctl prepare-org',
    ],
    ['an object without rights', { status: 403, text: 'missing update permission' }, 'good', 'FORBIDDEN', 'knife acl'],
    [
      'a false denial',
      { status: 403, text: "Failed to verify user 'U' as a member of organization 'O'" },
      'good',
      'OVERLOADED',
      '`requestsInFlight`',
    ],
    ['an expired licence', { status: 403, text: 'invalid-license' }, 'failed', 'REPLICA_LICENSE', 'licence'],
    [
      'a missing organization',
      { status: 404, text: "organization 'O' does not exist." },
      'failed',
      'REPLICA_ORGANIZATION_MISSING',
      "organization's name",
    ],
    ['a redirect', { status: 301, text: 'https://other/' }, 'failed', 'REPLICA_REDIRECTED', '`url`'],
    [
      'an untrusted certificate',
      { cause: 'tls', text: 'self-signed certificate' },
      'failed',
      'REPLICA_CERTIFICATE',
      '`tls.ca`',
    ],
    [
      'a certificate for another name',
      { cause: 'tls-name', text: 'the certificate of 10.0.0.5 is for another name (ERR_TLS_CERT_ALTNAME_INVALID)' },
      'failed',
      'REPLICA_CERTIFICATE',
      'set the `url`',
    ],
    ['a host that is down', { cause: 'connection', text: 'ECONNREFUSED' }, 'failed', 'REPLICA_UNREACHABLE', '`url`'],
    [
      'an object that is too large',
      { status: 413, text: 'JSON must be no more than 2000000 bytes.' },
      'good',
      'TOO_LARGE',
      'max_request_size',
    ],
    ['a refused manifest', { status: 400, isMissingChecksum: true }, 'good', 'MISSING_CHECKSUM', 'uploaded again'],
    ['an incomplete upload', { status: 503, isSandboxCommit: true }, 'good', 'INCOMPLETE_UPLOAD', 'file store'],
    [
      'a name no URL can hold',
      { cause: 'object', text: 'the name ".." would address another resource' },
      'good',
      'UNCARRIABLE',
      'correct or remove it',
    ],
  ])('tells people the next step after %s', (_what, some, probe, code, step) => {
    const decision = judgeFailure(failed(some), probe);
    expect(decision.code).toBe(code);
    expect(decision.text).toContain(step);
  });

  test('names the primary where the primary is at fault', () => {
    const decision = judgeFailure(failed({ side: 'primary', status: 401 }), 'failed');
    expect(decision).toMatchObject({ code: 'PRIMARY_UNAUTHORIZED', side: 'primary' });
    expect(decision.text).toContain('under `primary` in chef-sync.yaml');
  });

  test('always gives one sentence with the side, the request and the words of the server', () => {
    for (const some of [...SUSPECTS, ...OBJECT_FAILURES]) {
      for (const probe of ['good', 'failed'] as const) {
        const { text } = judgeFailure(failed(some), probe);
        expect(text).toMatch(/^The replica [^(]+ \(PUT \/roles\/web: no more words\): .+[^.]\.$/);
      }
    }
  });
});
