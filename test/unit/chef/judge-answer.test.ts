import { expect, test } from 'vitest';
import type { ApiRequest } from '../../../lib/chef/api-request.ts';
import { createVersionAgreement } from '../../../lib/chef/api-version.ts';
import { judgeAnswer, type RawAnswer } from '../../../lib/chef/judge-answer.ts';

const request: ApiRequest = { side: 'primary', method: 'GET', path: '/roles/web' };

const judged = (some: Partial<RawAnswer>, versions = createVersionAgreement()) => {
  const label = { side: 'primary', request: 'GET /roles/web' } as const;
  const bytes = Buffer.from('{}');
  return judgeAnswer({ request, label, version: 2, status: 200, headers: {}, bytes, now: 0, ...some }, versions);
};

test('an answer that is larger than anybody reads is a failure, unless the request asks for no more than so much', () => {
  const searched: ApiRequest = { ...request, maxBytes: 1000 };

  expect(judged({ bytes: undefined })).toMatchObject({ kind: 'failed', failure: { cause: 'unexpected-answer' } });
  expect(judged({ bytes: undefined, request: searched })).toMatchObject({
    kind: 'answer',
    answer: { isTooLarge: true },
  });
  expect(judged({ bytes: undefined, request: searched, status: 500 })).toMatchObject({ kind: 'failed' });
});

test('an error that is larger than the request asks for is told with the size that was read', () => {
  const megabytes = (most: number) => ({ failure: { text: expect.stringContaining(`500 with more than ${most} MB`) } });

  expect(judged({ bytes: undefined, status: 500 })).toMatchObject(megabytes(32));
  const request: ApiRequest = { side: 'primary', method: 'GET', path: '/updated_since', maxBytes: 8 * 1024 * 1024 };
  expect(judged({ bytes: undefined, status: 500, request })).toMatchObject(megabytes(8));
});

test('an answer that is not UTF-8 is a failure of the object', () => {
  expect(judged({ bytes: Buffer.from([0x7b, 0xff, 0x7d]) })).toMatchObject({
    kind: 'failed',
    failure: { cause: 'object', status: 200 },
  });
});

test.each([
  ['counts beside JSON', { bytes: Buffer.from(' [1]') }, 1],
  ['means nothing beside a page of HTML', { bytes: Buffer.from('<html></html>') }, undefined],
  ['means nothing beside a refusal', { status: 404, request: { ...request, accepts: [404] } }, undefined],
])('the API version that a server says it speaks %s', (_when, some, agreed) => {
  const versions = createVersionAgreement();
  const headers = { 'x-ops-server-api-version': '{"min_version":"0","max_version":"1"}' };

  expect(judged({ ...some, headers }, versions).kind).toBe('answer');
  expect(versions.agreed()).toBe(agreed);
});

test('a refused version goes out again as the older one that the server names, and is a failure when it names none', () => {
  const versions = createVersionAgreement();

  expect(judged({ status: 406, bytes: Buffer.from('{"max_version":1}') }, versions).kind).toBe('renegotiated');
  expect(versions.offered()).toBe(1);
  expect(judged({ status: 406 }).kind).toBe('failed');
});

test('a failure says how long the server asks to be left alone', () => {
  expect(judged({ status: 503, headers: { 'retry-after': '7' } })).toMatchObject({
    kind: 'failed',
    failure: { cause: 'status', status: 503 },
    askedPauseMs: 7_000,
  });
});
