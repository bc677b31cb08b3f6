import { Agent, request } from 'undici';
import { z } from 'zod';
import { readSigningKey, type SigningKey, signatureTimestamp, signRequest } from '../../lib/chef/sign-request.ts';
import { listOf } from '../../lib/model/object-path.ts';
import type { Goiardi } from '../support/goiardi.ts';
import { bags, cookbooks, jsonObjects } from './thousand-objects.ts';

/** A request that is ready to be sent. */
interface Prepared {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Record<string, string>;
  readonly body?: string | Buffer;
}

/** Requests that must follow each other; a function makes the next one from the last answer (a sandbox's id). */
type Chain = readonly (Prepared | ((answers: ReadonlyMap<string, string>) => Promise<Prepared>))[];

const sandboxAnswer = z.object({ sandbox_id: z.string() });

/**
 * The requests that a bootstrap of the benchmark's objects cannot do without, prepared and signed beforehand and sent without any logic:
 * what a perfect program would take between these two servers.
 */
export interface Floor {
  readonly requests: number;
  /** Milliseconds for all of them with that many in flight. */
  run(inFlight: number): Promise<number>;
}

export async function prepareFloor(primary: Goiardi, replica: Goiardi): Promise<Floor> {
  const sides = {
    primary: { url: primary.url, key: readSigningKey('admin', primary.adminKeyPem) },
    replica: { url: replica.url, key: readSigningKey('admin', replica.adminKeyPem) },
  };
  const api = (side: 'primary' | 'replica', method: Prepared['method'], path: string, body = ''): Promise<Prepared> =>
    signed(sides[side].url, sides[side].key, method, path, body);

  const lists = ['/cookbooks?num_versions=all', '/data', '/roles', '/environments', ...bags.map(({ ref }) => ref.path)];
  const searches = ['role', 'environment', ...bags.map(({ ref }) => ref.name)].map(
    (index) => `/search/${index}?q=*:*&start=0&rows=1000`,
  );
  const reading: Chain[] = [];
  for (const path of ['/environments/_default', ...lists, ...searches])
    reading.push([await api('primary', 'GET', path)]);
  for (const path of ['/environments/_default', '/cookbooks?num_versions=all', '/data', '/roles', '/environments']) {
    reading.push([await api('replica', 'GET', path)]);
  }
  const bagChains: Chain[] = [];
  for (const { ref, text } of bags)
    bagChains.push([await api('primary', 'GET', ref.path), await api('replica', 'POST', listOf(ref), text)]);
  const copying: Chain[] = [];
  for (const { ref, text } of jsonObjects) {
    copying.push([await api('primary', 'GET', ref.path), await api('replica', 'POST', listOf(ref), text)]);
  }
  for (const [, versions] of Map.groupBy(cookbooks, ({ ref }) => ref.container)) {
    const chain: (Prepared | ((answers: ReadonlyMap<string, string>) => Promise<Prepared>))[] = [];
    for (const { ref, manifest, files } of versions) {
      const checksums = Object.fromEntries([...files.keys()].map((checksum) => [checksum, null]));
      chain.push(await api('primary', 'GET', ref.path), await api('replica', 'GET', ref.path));
      chain.push(await api('replica', 'POST', '/sandboxes', JSON.stringify({ checksums })));
      for (const [checksum, content] of files) {
        chain.push({ url: `${primary.url}/file_store/${checksum}`, method: 'GET', headers: {} });
        const headers = {
          'Content-Type': 'application/x-binary',
          'Content-MD5': Buffer.from(checksum, 'hex').toString('base64'),
        };
        chain.push({ url: `${replica.url}/file_store/${checksum}`, method: 'PUT', headers, body: content });
      }
      chain.push(async (answers) => {
        const { sandbox_id } = sandboxAnswer.parse(JSON.parse(answers.get('/sandboxes') ?? '{}'));
        return await api('replica', 'PUT', `/sandboxes/${sandbox_id}`, JSON.stringify({ is_completed: true }));
      });
      chain.push(await api('replica', 'PUT', `${ref.path}?force=true`, manifest));
    }
    copying.unshift(chain);
  }
  const phases = [reading, bagChains, copying];
  return {
    requests: phases.flat().reduce((sum, chain) => sum + chain.length, 0),
    async run(inFlight) {
      const agent = new Agent({ connections: inFlight, pipelining: 1 });
      const startedAt = performance.now();
      for (const chains of phases) await runChains(chains, inFlight, agent);
      const took = performance.now() - startedAt;
      await agent.close();
      return took;
    },
  };
}

async function signed(
  url: string,
  key: SigningKey,
  method: Prepared['method'],
  path: string,
  body: string,
): Promise<Prepared> {
  const [plain = ''] = path.split('?');
  const timestamp = signatureTimestamp(Date.now());
  const signature = await signRequest(key, { method, path: plain, body, timestamp, apiVersion: '1' });
  const headers = {
    ...signature,
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'X-Chef-Version': '16.0.0',
  };
  return { url: `${url}${path}`, method, headers, body: body === '' ? undefined : body };
}

async function runChains(chains: readonly Chain[], inFlight: number, agent: Agent): Promise<void> {
  const waiting = chains.toReversed();
  const worker = async (): Promise<void> => {
    for (let chain = waiting.pop(); chain !== undefined; chain = waiting.pop()) {
      const answers = new Map<string, string>();
      for (const step of chain) {
        const { url, method, headers, body } = typeof step === 'function' ? await step(answers) : step;
        const response = await request(url, { method, headers, body, dispatcher: agent });
        const text = await response.body.text();
        const isExpectedMiss = response.statusCode === 404 && method === 'GET';
        if (response.statusCode >= 300 && !isExpectedMiss)
          throw new Error(`${method} ${url}: ${response.statusCode} ${text}`);
        answers.set(new URL(url).pathname, text);
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
