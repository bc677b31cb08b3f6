import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sandboxKeyPair } from '../../../lib/local/sandbox-chef-server/actor-key.ts';
import { trustedRef } from '../../../lib/model/object-path.ts';
import type { ChefOrg } from '../../../lib/ports/chef-org.ts';
import { connectChefOrg } from '../../contract/connect-chef-org.ts';
import { startCannedServer } from '../canned-server.ts';
import { resultOf, SECRET } from '../expected-error.ts';
import { type FuzzTarget, fuzzTarget } from '../fuzz-target.ts';
import { mutatedText } from '../mutated-text.ts';

interface Exchange {
  readonly work: (org: ChefOrg) => Promise<unknown>;
  readonly status: string;
  readonly body: string;
}

const web = trustedRef('/roles/web');
const item = trustedRef('/data/bag/a');
const itemText = `{"id":"a","password":"${SECRET}"}`;

/** Every request of the port, with its good answer. */
const EXCHANGES: readonly Exchange[] = [
  {
    work: (org) => org.probe(),
    status: '200 OK',
    body: '{"name":"acme","full_name":"Acme","guid":"0123456789abcdef"}',
  },
  {
    work: (org) => org.names('/roles'),
    status: '200 OK',
    body: '{"web":"http://h/roles/web","db":"http://h/roles/db"}',
  },
  {
    work: (org) => org.names('/cookbooks'),
    status: '200 OK',
    body: '{"app":{"url":"u","versions":[{"version":"1.0.0","url":"u"}]}}',
  },
  { work: (org) => org.read(item), status: '200 OK', body: itemText },
  { work: (org) => org.read(web), status: '404 Not Found', body: '{"error":["Cannot load role web"]}' },
  {
    work: (org) => org.bodies('/data/bag'),
    status: '200 OK',
    body: `{"total":1,"start":0,"rows":[{"name":"x","data_bag":"bag","raw_data":${itemText}}]}`,
  },
  { work: (org) => org.updatedSince('5'), status: '200 OK', body: '[{"id":6,"path":"/roles/web","action":"update"}]' },
  { work: (org) => org.create(item, itemText), status: '201 Created', body: itemText },
  {
    work: (org) => org.create(item, itemText),
    status: '409 Conflict',
    body: '{"error":["Data bag item already exists"]}',
  },
  { work: (org) => org.replace(item, itemText), status: '200 OK', body: itemText },
  { work: (org) => org.remove(web), status: '200 OK', body: `{"name":"web","description":"${SECRET}"}` },
  {
    work: (org) => org.read(web),
    status: '406 Not Acceptable',
    body: '{"error":"invalid-x-ops-server-api-version","min_version":0,"max_version":1}',
  },
  {
    work: (org) => org.read(web),
    status: '503 Service Unavailable',
    body: '<html><title>503 Service Unavailable</title></html>',
  },
];

const HEADERS = [
  ...[
    'Content-Length: 0',
    'Content-Length: 5',
    'Content-Length: 99999999999',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
  ],
  ...[
    'Content-Encoding: gzip',
    'Connection: close',
    'Location: https://u:p@evil.example/x',
    'Retry-After: 999999999999',
    'Date: never',
  ],
  ...['X-Ops-Server-API-Version: {"max_version":0}', 'X-Ops-Server-API-Version: [', 'Set-Cookie: a=b', 'Upgrade: h2c'],
].map((header) => `${header}\r\n`);

type Framing = 'length' | 'chunks' | 'until closed';

/** The answer as a server puts it on the wire. */
function onTheWire({ status, body }: Exchange, framing: Framing, header: string): string {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nX-Ops-Server-API-Version: {"min_version":"0","max_version":"2"}\r\n${header}`;
  if (framing === 'until closed') return `${head}Connection: close\r\n\r\n${body}`;
  if (framing === 'length') return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const half = Math.floor(body.length / 2);
  const chunks = [body.slice(0, half), body.slice(half), ''].map(
    (chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`,
  );
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}`;
}

const framing = fc.constantFrom<Framing>('length', 'chunks', 'until closed');
const exchange = fc.constantFrom(...EXCHANGES);
const damaged = fc
  .record({ exchange, framing, header: fc.constantFrom('', ...HEADERS), isClosing: fc.boolean() })
  .chain((parts) =>
    mutatedText(fc.constant(onTheWire(parts.exchange, parts.framing, parts.header)), [
      ...['HTTP/1.1 ', '200', '204', '101', '100', '304', '403', '500', '999', '\r\n\r\n', ...HEADERS],
    ]).map((text) => ({ ...parts, bytes: Buffer.from(text, 'latin1') })),
  );
const cut = fc.record({
  exchange,
  framing: fc.constantFrom<Framing>('length', 'chunks'),
  share: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

/** Answers damaged on the wire, and answers that break off. The server is started with the first run and stopped with `close`. */
export function httpAnswers(): { readonly targets: readonly FuzzTarget[]; close(): Promise<void> } {
  const started = Promise.withResolvers<Awaited<ReturnType<typeof startCannedServer>>>();
  let isStarted = false;
  const server = (): typeof started.promise => {
    if (!isStarted) startCannedServer().then(started.resolve, started.reject);
    isStarted = true;
    return started.promise;
  };

  /** Sends the request over a connection of its own: what one answer leaves behind must not reach the next input. */
  async function exchanged(work: Exchange['work'], bytes: Buffer, isClosing: boolean): Promise<unknown> {
    const { url, answerWith } = await server();
    answerWith({ bytes, isClosing });
    const { org, close } = connectChefOrg(
      { url, user: 'sync', keyPem: sandboxKeyPair().privateKey, organization: 'acme' },
      { timeouts: { connectMs: 2_000, headersMs: 30, bodyMs: 30 } },
    );
    try {
      return await resultOf(() => work(org));
    } finally {
      await close();
    }
  }

  return {
    targets: [
      fuzzTarget('HTTP answers', damaged, async ({ exchange: { work }, bytes, isClosing }) => {
        await exchanged(work, bytes, isClosing);
      }),
      fuzzTarget('HTTP answers that break off', cut, async ({ exchange: one, framing: frame, share }) => {
        const whole = onTheWire(one, frame, '');
        const bytes = Buffer.from(whole, 'latin1').subarray(0, Math.floor(whole.length * share));
        const result = await exchanged(one.work, bytes, true);
        const isFeedTellingSo =
          typeof result === 'object' && result !== null && 'kind' in result && result.kind === 'unavailable';
        // Where the last chunk alone is cut, all of the body is there and the client may know it.
        assert.ok(result === undefined || isFeedTellingSo, 'part of an answer was taken for an answer');
      }),
    ],
    async close() {
      if (isStarted) await (await started.promise).close();
    },
  };
}
