import { describe, expect, test } from 'vitest';
import { serverWords, statusFailure, transportFailure } from '../../../lib/chef/failures.ts';

const label = { side: 'replica', request: 'PUT /roles/web' } as const;

describe('serverWords', () => {
  test.each([
    ['{"error":["Cannot load role web"]}', 'Cannot load role web'],
    ['{"error":"Organization already exists"}', 'Organization already exists'],
    ['{"error":"invalid","message":"Specified version 9 not supported"}', 'invalid: Specified version 9 not supported'],
    [JSON.stringify([...'already exists'].map((letter) => letter.codePointAt(0))), 'already exists'],
    ['<html><head><title>404 Not Found</title></head></html>', '(HTML page: 404 Not Found)'],
    [
      '<?xml version="1.0"?><Error><Code>X</Code><Message>Request has expired</Message></Error>',
      '(XML: Request has expired)',
    ],
    ['json body too large', 'json body too large'],
    ['', '(no text)'],
  ])('%s is told as %s', (body, words) => {
    expect(serverWords(body)).toBe(words);
  });

  test('a document that is no error is never shown', () => {
    expect(serverWords('{"id":"db","password":"s3cret"}')).toBe('(JSON without an error text)');
  });

  test.each(['{"id":"db","password":"s3cr', 'sword":"s3cret"}', '"s3cret'])('nor is a piece of one: %s', (body) => {
    expect(serverWords(body)).toBe('(damaged JSON)');
  });

  test('errors inside errors without end are passed over', () => {
    const nested = `${'{"error":'.repeat(100_000)}"x"${'}'.repeat(100_000)}`;
    expect(serverWords(nested)).toBe('(JSON without an error text)');
  });

  test('long texts are cut, signatures in URLs and control characters left out', () => {
    expect(serverWords('x'.repeat(5_000)).length).toBeLessThan(400);
    expect(serverWords('see https://s3.example.com/b/k?X-Amz-Signature=abc now')).toBe(
      'see https://s3.example.com/… now',
    );
    expect(serverWords('a\u001b[31mb')).toBe('a [31mb');
  });
});

describe('statusFailure', () => {
  test('a 401 from a server whose clock differs by an hour says which clock is off', () => {
    const now = Date.UTC(2026, 0, 1, 13);
    const failure = statusFailure(label, 401, '{"error":["x"]}', { date: 'Thu, 01 Jan 2026 12:00:00 GMT' }, now);
    expect(failure.text).toBe("401 x; this machine's clock is 60 minutes ahead of the server's; set it right");
  });

  test('a redirect names the host it leads to, and nothing else of the address', () => {
    const headers = { location: 'https://login.example.com/?token=abc' };
    expect(statusFailure(label, 302, '', headers, 0).text).toMatch(/to login\.example\.com, which is never followed/);
    expect(statusFailure(label, 302, '', headers, 0).text).not.toContain('abc');
  });
});

describe('transportFailure', () => {
  const errorWith = (code: string) => new Error('wrapped', { cause: Object.assign(new Error('socket'), { code }) });

  test.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls', /certificate of chef\.example\.com does not verify/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-name', /certificate of chef\.example\.com is for another name.*use the name/],
    ['UND_ERR_HEADERS_TIMEOUT', 'time-out', /no answer from chef\.example\.com/],
    ['UND_ERR_CONNECT_TIMEOUT', 'time-out', /no connection from chef\.example\.com|no connection/],
    ['ENOTFOUND', 'connection', /name chef\.example\.com has no address/],
    ['ECONNREFUSED', 'connection', /nothing listens at chef\.example\.com/],
    ['ECONNRESET', 'connection', /broke before the answer was complete/],
  ])('%s is told as what it means', (code, cause, text) => {
    const failure = transportFailure(label, 'chef.example.com', errorWith(code));
    expect(failure).toMatchObject({ side: 'replica', cause });
    expect(failure.text).toMatch(text);
  });
});
