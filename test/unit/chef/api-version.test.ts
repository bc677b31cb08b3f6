import { describe, expect, test } from 'vitest';
import { versionAfterAnswer, versionAfterRefusal } from '../../../lib/chef/api-version.ts';

describe('versionAfterRefusal', () => {
  test('takes the newest version that a Chef Infra Server names', () => {
    const body = '{"error":"invalid-x-ops-server-api-version","message":"…","min_version":0,"max_version":1}';
    expect(versionAfterRefusal(2, body)).toBe(1);
  });

  test('takes the newest version that chef-zero names', () => {
    expect(versionAfterRefusal(2, '{"error":"…","min_api_version":0,"max_api_version":0}')).toBe(0);
  });

  test.each(['', '<html>', '{}', '{"max_version":2}', '{"max_version":9}', '{"max_version":-1}'])(
    'goes on with nothing after %s, so that no request is repeated for ever',
    (body) => {
      expect(versionAfterRefusal(2, body)).toBeUndefined();
    },
  );
});

describe('versionAfterAnswer', () => {
  const header = (max: string) =>
    `{"min_version":"0","max_version":"${max}","request_version":"2","response_version":"2"}`;

  test('goes on with the newest version that both sides speak', () => {
    expect(versionAfterAnswer(header('2'))).toBe(2);
    expect(versionAfterAnswer(header('1'))).toBe(1);
    expect(versionAfterAnswer(header('5'))).toBe(2);
  });

  test('a server that does not say speaks version 1 at most', () => {
    expect(versionAfterAnswer(undefined)).toBe(1);
    expect(versionAfterAnswer('nonsense')).toBe(1);
  });
});
