import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { LogReader } from '../../lib/runtime/read-log.ts';
import type { AwsCall } from '../support/aws/local-aws.ts';
import { type AssembledStack, COPIER, type Deployment, startAssembledStack } from './assembled-stack.ts';
import { CALLED_BY_AWS, type Permissions, permissionsOf, refusedCalls, unusedPermissions } from './iam.ts';
import { contentOf, fill } from './organization-content.ts';
import { until } from './until.ts';

const PAIR = 'eu/acme';

/** The VPC and the key of a configuration that leaves nothing out. */
const EVERYTHING = {
  kmsKeyArn: 'arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  alarms: { email: 'operators@example.com' },
  network: {
    vpcId: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0'],
    securityGroupIds: ['sg-0123456789abcdef0'],
    egress: 'endpoints',
    routeTableIds: ['rtb-0123456789abcdef0'],
  },
};

/** What was called in all tests so far; every stack here has the same names. */
const used: AwsCall[] = [];

/** One pair, whose source is filled. Its calls are remembered. */
async function startFilled(deployment: Partial<Deployment> = {}): Promise<AssembledStack> {
  const world = await startAssembledStack({ organizations: ['acme'], ...deployment });
  fill(world.primary.organization('acme'));
  return {
    ...world,
    async [Symbol.asyncDispose]() {
      used.push(...world.cloud.calls);
      await world[Symbol.asyncDispose]();
    },
  };
}

/** Level and message of every line. */
async function linesOf(log: LogReader): Promise<readonly unknown[][]> {
  const lines: unknown[][] = [];
  for await (const { entry } of log.added()) lines.push([entry?.level, entry?.message]);
  return lines;
}

// Some 25 processes start in each, which takes a busy two-core machine half a minute.
describe('the bundles of a synthesized stack, each in processes of their own', { timeout: 120_000 }, () => {
  test('bring an organization over, follow its changes, and hold many deletes until an operator lets them go', async () => {
    await using world = await startFilled();
    const { primary, replica } = world;
    const acme = primary.organization('acme');
    expect((await world.status(PAIR)).status.condition).toBe('never polled');

    await world.sync(PAIR);
    expect(contentOf(replica())).toEqual(contentOf(primary));
    expect((await world.status(PAIR)).status.condition).toBe('in sync');

    acme.putRole('role-3', { description: 'changed' });
    acme.putCookbook('apt', '2.0.0', { files: { 'recipes/default.rb': 'package "apt" # 2\n' } });
    acme.deleteDataBag('lists');
    // As an event of the server tells of it.
    await world.ledger(PAIR).writeHint({ path: '/roles/role-3', action: 'upsert', at: Date.now(), id: 'a' });
    for (let n = 4; n < 12; n += 1) acme.deleteRole(`role-${n}`);
    await world.sync(PAIR);
    const { status } = await world.status(PAIR);
    expect(status.text).toBe('deletes held 8');
    expect(contentOf(replica())).toEqual({ ...contentOf(primary), roles: contentOf(replica()).roles });

    await world.control({ command: 'approve-deletes', pair: PAIR, plans: [status.plans[0]?.id ?? ''] });
    await world.control({ command: 'resync', pairs: [PAIR] });
    await world.control({ command: 'stop', pairs: [PAIR] });
    await world.control({ command: 'start', pairs: [PAIR] });
    await world.sync(PAIR);
    expect(contentOf(replica())).toEqual(contentOf(primary));
    expect((await world.status(PAIR)).status.condition).toBe('in sync');
    const { job } = await world.inspector.finish({ command: 'check', pair: PAIR, listsEqual: false });
    expect(Object.keys(job.counts)).toEqual(['=']);
    expect((await world.inspector.finish({ command: 'plan', pair: PAIR })).lines).toEqual([]);
    expect(await linesOf(world.operator.log(PAIR))).toContainEqual(['info', 'polled']);
    const lines = [...(await linesOf(world.operator.log(PAIR))), ...(await linesOf(world.operator.log(undefined)))];
    expect(lines.filter(([level]) => level === 'error')).toEqual([]);
  });

  test('go on when a copier is killed in the middle of a batch of several groups', async () => {
    await using world = await startFilled();
    const { cloud, primary, replica } = world;
    replica().faults.when({ method: 'POST', path: /\/roles$/ }, { kind: 'hang' });

    await cloud.whileMapped(async () => {
      const polled = cloud.fire(PAIR);
      await until(() => replica().requests.count('POST', /\/roles$/) > 0);
      expect(cloud.kill(COPIER)).toBeGreaterThan(0);
      replica().faults.clear();
      cloud.sqs.passVisibility();
      await polled;
    });

    expect(contentOf(replica())).toEqual(contentOf(primary));
    const { status, unsynced } = await world.status(PAIR);
    expect(status.condition).toBe('in sync');
    expect(unsynced).toEqual([]);
  });

  test('remove a message that is none of theirs, and park what kills every copier until an operator retries', async () => {
    await using world = await startFilled();
    const { cloud, primary, replica } = world;
    const [lane = ''] = world.lanes();
    const foreign = { MessageBody: 'not one of ours', MessageGroupId: 'foreign', MessageDeduplicationId: 'foreign' };
    await cloud.sqs.client.send(new SendMessageCommand({ QueueUrl: cloud.sqs.queueUrl(lane), ...foreign }));
    cloud.crashOn(COPIER, '/roles/role-7');

    await cloud.whileMapped(async () => {
      let isPolling = true;
      const polled = cloud.fire(PAIR).finally(() => {
        isPolling = false;
      });
      while (isPolling) {
        // Nobody works on what is invisible.
        if (!cloud.isBusy(COPIER)) cloud.sqs.passVisibility();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await polled;
    });

    const { status, unsynced } = await world.status(PAIR);
    expect(status.counts.parked).toBe(unsynced.length);
    const poison = unsynced.find(({ path }) => path === '/roles/role-7');
    expect(poison).toMatchObject({ state: 'parked', reason: expect.stringContaining('crashed') });
    expect(contentOf(replica()).cookbooks).toEqual(contentOf(primary).cookbooks);
    expect(cloud.sqs.count(lane)).toBe(0);
    expect(cloud.log.join('\n')).toContain('a message is none of ours and is removed');
    expect(cloud.log.join('\n')).toContain('"MessagesParked"');

    cloud.crashOn(COPIER);
    await world.control({ command: 'retry', pairs: [PAIR] });
    await world.sync(PAIR);
    expect(contentOf(replica())).toEqual(contentOf(primary));
  });
});

describe('the roles of a stack', () => {
  /** The permissions, with one more or one less of every role that has it. */
  const changed = ({ ofRole, ofResources }: Permissions, change: (actions: string[]) => string[]): Permissions => ({
    ofResources,
    ofRole: new Map(
      [...ofRole].map(([role, statements]) => [
        role,
        statements.map((statement) => ({ ...statement, Action: change(statement.Action) })),
      ]),
    ),
  });

  test.each([
    ['of the least', undefined],
    ['in a VPC and with a KMS key', EVERYTHING],
  ])('%s allow every call that was made, and nothing that none of them needed', async (_, aws) => {
    await using world = await startFilled({ aws });
    await world.sync(PAIR);
    expect(contentOf(world.replica())).toEqual(contentOf(world.primary));
    world.primary.organization('acme').putRole('role-0', { description: 'changed' });
    world.primary.organization('acme').putCookbook('apt', '3.0.0', { files: { 'recipes/default.rb': '# 3\n' } });
    await world.sync(PAIR);
    expect(contentOf(world.replica())).toEqual(contentOf(world.primary));
    const calls = [...used, ...world.cloud.calls];
    const permissions = permissionsOf(world.stack());

    expect(refusedCalls(permissions, calls)).toEqual([]);
    expect(unusedPermissions(permissions, calls, CALLED_BY_AWS)).toEqual([]);

    for (const excess of ['sqs:PurgeQueue', 'kms:ScheduleKeyDeletion', 'ec2:TerminateInstances']) {
      const planted = changed(permissions, (actions) =>
        actions.flatMap((action) => (action === 'sqs:SendMessage' ? [action, excess] : [action])),
      );
      expect(unusedPermissions(planted, calls, CALLED_BY_AWS)).toEqual([
        expect.stringMatching(
          new RegExp(`^chef-sync-Functionspoller\\w+ may ${excess} on \\S+:chef-sync-lane-\\?{10}\\.fifo$`),
        ),
      ]);
    }
    const missing = changed(permissions, (actions) => actions.filter((action) => action !== 'sqs:SendMessage'));
    expect(refusedCalls(missing, calls)).toEqual([
      expect.stringMatching(/^chef-sync-Functionspoller\w+ calls sqs:SendMessage on \S+:chef-sync-lane-\w+\.fifo$/),
    ]);
  });
});
