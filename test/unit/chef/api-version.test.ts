import { describe, expect, test } from 'vitest';
import { createVersionAgreement, versionAfterAnswer, versionAfterRefusal } from '../../../lib/chef/api-version.ts';

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

describe('createVersionAgreement', () => {
  test('the newest version is offered until the server says what it speaks', () => {
    const versions = createVersionAgreement();
    expect([versions.offered(), versions.agreed()]).toEqual([2, undefined]);

    versions.noteAnswer('{"min_version":"0","max_version":"1"}');

    expect([versions.offered(), versions.agreed()]).toEqual([1, 1]);
  });

  test('later answers change nothing, a refusal that names an older version does', () => {
    const versions = createVersionAgreement();
    versions.noteAnswer('{"min_version":"0","max_version":"2"}');
    versions.noteAnswer(undefined);
    expect(versions.agreed()).toBe(2);

    expect(versions.noteRefusal(2, '{"max_version":1}')).toBe(true);
    expect(versions.noteRefusal(1, '{"max_version":2}')).toBe(false);
    expect([versions.offered(), versions.agreed()]).toEqual([1, 1]);
  });
});
