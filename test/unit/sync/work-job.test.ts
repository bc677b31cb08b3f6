import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { ChefRequestError } from '../../../lib/model/chef-request-error.ts';
import { isJobOver, type Job, type JobLine, type JobRequest, startJob } from '../../../lib/model/job.ts';
import { SyncError } from '../../../lib/model/sync-error.ts';
import type { ChefOrg } from '../../../lib/ports/chef-org.ts';
import { noFilesChecked } from '../../../lib/sync/check-files.ts';
import { type JobTools, workJob } from '../../../lib/sync/work-job.ts';
import { type PairOfMemory, pairOfMemory } from './pair-of-memory.ts';

const CHECK = { command: 'check', pair: 'eu/acme', listsEqual: true } as const;

/** Two hundred roles and two bags with items; every seventh object differs or is missing. */
function organizations(): PairOfMemory {
  const pair = pairOfMemory(['/roles', '/data']);
  for (const objects of [pair.primary, pair.replica]) {
    objects.set('/roles', new Map());
    objects.set('/data', new Map(['a', 'b'].map((bag) => [bag, JSON.stringify({ name: bag })])));
    for (const bag of ['a', 'b']) objects.set(`/data/${bag}`, new Map([['item', JSON.stringify({ id: 'item' })]]));
  }
  for (let n = 0; n < 200; n += 1) {
    pair.primary.get('/roles')?.set(`role${n}`, JSON.stringify({ name: `role${n}` }));
    if (n % 7 !== 1)
      pair.replica
        .get('/roles')
        ?.set(`role${n}`, JSON.stringify({ name: `role${n}`, description: n % 7 ? '' : 'own' }));
  }
  return pair;
}

const LICENSE = 'a'.repeat(32);
const manifest = (version: string): string =>
  JSON.stringify({
    name: `apt-${version}`,
    cookbook_name: 'apt',
    version,
    metadata: { name: 'apt', version },
    all_files: [{ name: 'root_files/LICENSE', path: 'LICENSE', checksum: LICENSE, specificity: 'default' }],
  });

const pathOf = (line: JobLine): string => ('path' in line ? line.path : '');

async function workToTheEnd(tools: JobTools, deadline: number, request: JobRequest = CHECK) {
  const lines: JobLine[] = [];
  let job: Job = startJob(request, 0);
  let slices = 0;
  while (!isJobOver(job)) {
    // As on AWS: what is stored is JSON.
    const slice = await workJob(tools, JSON.parse(JSON.stringify(job)), deadline);
    job = slice.job;
    lines.push(...slice.lines);
    slices += 1;
  }
  return { job, lines, slices };
}

test('a check in the shortest slices finds what a check in one finds, each object once', async () => {
  const { ctx } = organizations();
  const tools: JobTools = { clock: ctx.clock, pair: async () => ctx, examine: async () => [] };

  const whole = await workToTheEnd(tools, Number.POSITIVE_INFINITY);
  const cut = await workToTheEnd(tools, 0);

  expect(whole.slices).toBe(1);
  expect(cut.slices).toBeGreaterThan(5);
  expect(cut.lines.map(pathOf).toSorted()).toEqual(whole.lines.map(pathOf).toSorted());
  expect(cut.job.counts).toEqual(whole.job.counts);
  expect(whole.job.counts).toEqual({ '=': 146, '+': 29, '*': 29 });
});

test.each([
  ['check', CHECK],
  ['plan', { command: 'plan', pair: 'eu/acme' }],
] as const)(
  'a %s says how many objects it has looked at, each once, however its slices are cut',
  async (_, request) => {
    const { ctx } = organizations();
    let seen = 0;
    const onObject = (): void => {
      seen += 1;
    };
    const tools: JobTools = { clock: ctx.clock, pair: async () => ctx, examine: async () => [], onObject };

    const { job } = await workToTheEnd(tools, 0, request);

    expect(seen).toBe(204);
    expect(job.looked).toBe(seen);
  },
);

test('a file that cookbook versions share is read once, also when a slice ends between them', async () => {
  const { ctx, primary, replica } = pairOfMemory(['/cookbooks']);
  const versions = Array.from({ length: 200 }, (_, n) => `1.${n}.0`);
  for (const objects of [primary, replica]) {
    objects.set('/cookbooks', new Map(versions.map((version) => [`apt/${version}`, manifest(version)])));
  }
  const read: string[] = [];
  const withFiles = (side: 'primary' | 'replica'): ChefOrg => ({
    ...ctx[side],
    cookbookFiles: () => ({
      open: async (checksum) => {
        read.push(`${side} ${checksum}`);
        return Readable.from([]);
      },
    }),
  });
  const pair = { ...ctx, primary: withFiles('primary'), replica: withFiles('replica') };
  const tools: JobTools = {
    clock: ctx.clock,
    pair: async () => pair,
    examine: async () => [],
    checkedFiles: noFilesChecked(),
  };

  const { job, slices } = await workToTheEnd(tools, 0, { ...CHECK, readsFiles: true });

  expect(slices).toBeGreaterThan(2);
  expect(job.counts).toEqual({ '=': 200 });
  expect(read).toEqual([`primary ${LICENSE}`, `replica ${LICENSE}`]);
});

test('a bag that is removed between two slices is left out', async () => {
  const { ctx, primary, replica } = organizations();
  const tools: JobTools = { clock: ctx.clock, pair: async () => ctx, examine: async () => [] };
  const job = { ...startJob(CHECK, 0), place: { list: '/data/a' } } as const;
  for (const objects of [primary, replica]) {
    objects.get('/data')?.delete('a');
    objects.delete('/data/a');
  }

  const { lines } = await workJob(tools, job, Number.POSITIVE_INFINITY);

  expect(lines).toEqual([{ sign: '=', path: '/data/b/item' }]);
});

test('a server that cannot be used and a pair that there is not end the job with a sentence', async () => {
  const { ctx } = organizations();
  const refuse = async (): Promise<never> => {
    throw new ChefRequestError({ side: 'replica', request: 'GET /roles', cause: 'connection', text: 'ECONNREFUSED' });
  };
  const replica = { ...ctx.replica, names: refuse, probe: refuse };
  const unknown = new SyncError('There is no pair eu/acme.', { code: 'PAIR_UNKNOWN', scope: 'pair', retry: 'never' });
  const end = (pair: JobTools['pair']) =>
    workJob({ clock: ctx.clock, pair, examine: async () => [] }, startJob(CHECK, 0), 0);

  expect((await end(async () => ({ ...ctx, replica }))).job).toMatchObject({
    endedAt: expect.any(Number),
    problem: {
      code: 'REPLICA_UNREACHABLE',
      scope: 'endpoint',
      side: 'replica',
      text: expect.stringMatching(/^The replica cannot be/),
    },
  });
  expect((await end(() => Promise.reject(unknown))).job.problem).toMatchObject({
    scope: 'pair',
    text: 'There is no pair eu/acme.',
  });
});
