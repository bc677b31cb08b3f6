import { expect, test } from 'vitest';
import { checkExit, checkJson, renderCheck } from '../../../lib/cli/render-check.ts';
import { showJobs } from '../../../lib/cli/show-jobs.ts';
import { type Job, startJob } from '../../../lib/model/job.ts';
import { refusal, SyncError } from '../../../lib/model/sync-error.ts';
import { type Inspector, JobError } from '../../../lib/runtime/inspector.ts';
import { printedBy } from '../../support/printed-by.ts';

const PAIRS = ['eu/acme', 'eu/tools', 'us/acme'];
const CHECK = { command: 'check', pair: 'eu/acme', listsEqual: false } as const;

/** Checks the pairs, of which `eu/acme` fails so, and every other is equal. Answers what was printed. */
async function check(failure: Error, options = {}) {
  const checked: string[] = [];
  const inspector: Inspector = {
    async finish(order) {
      if (order.command !== 'check') throw new Error('only checks are asked for');
      checked.push(order.pair);
      if (order.pair === 'eu/acme') throw failure;
      const job: Job = { ...startJob({ ...CHECK, pair: order.pair }, 0), counts: { '=': 3 }, endedAt: 1 };
      return { job, lines: [], values: new Map() };
    },
    isPolled: () => false,
    close: async () => undefined,
  };
  const { outcome, ...printed } = await printedBy(() =>
    showJobs({ pairs: PAIRS, inspector }, options, {
      order: (pair) => ({ ...CHECK, pair }),
      exit: ({ job }) => checkExit(job.counts),
      json: checkJson,
      lines: renderCheck,
    }).then(
      (exit) => ({ exit, error: undefined }),
      (error: unknown) => ({ exit: undefined, error }),
    ),
  );
  return { ...outcome, checked, ...printed };
}

const died = new SyncError('The function chef-sync-control failed.', {
  code: 'FUNCTION_FAILED',
  scope: 'endpoint',
  retry: 'later',
});

test.each([
  [
    'a fault of chef-sync',
    new TypeError('x is undefined'),
    'fault',
    'chef-sync-ctl: eu/acme: a fault of chef-sync itself: x is undefined; run it again with --debug to see where\n',
  ],
  ['a function that died', died, 'waiting', 'chef-sync-ctl: The function chef-sync-control failed.\n'],
  [
    'a server that cannot be used',
    new JobError(startJob(CHECK, 0), { code: 'X', scope: 'endpoint', text: 'The replica is failing.' }),
    'waiting',
    'chef-sync-ctl: eu/acme: The replica is failing.\n',
  ],
])('%s in one pair is told, the others are checked all the same, and the exit code says failure', async (...args) => {
  const [, failure, exit, sentence] = args;
  const result = await check(failure);

  expect(result).toMatchObject({ exit, stderr: sentence, checked: PAIRS });
  for (const pair of ['eu/tools', 'us/acme']) expect(result.stdout).toContain(`${pair}  3 objects, 3 equal (=)\n`);
});

test('--json has the fault in the place of what the pair would have, and --debug shows its trace', async () => {
  const { stdout, stderr } = await check(new TypeError('x is undefined'), { json: true, debug: true });

  expect(JSON.parse(stdout)).toMatchObject({
    exitCode: 1,
    pairs: [{ pair: 'eu/acme', problem: 'x is undefined' }, { pair: 'eu/tools' }, { pair: 'us/acme' }],
  });
  expect(stderr).toMatch(/^chef-sync-ctl: eu\/acme: a fault of chef-sync itself\nTypeError: x is undefined\n\s+at /);
});

test('what would be refused for every pair is told once', async () => {
  const { error, checked } = await check(refusal('AWS_CREDENTIALS_MISSING', 'There are no AWS credentials.'));

  expect(error).toMatchObject({ message: 'There are no AWS credentials.' });
  expect(checked).toEqual(['eu/acme']);
});
