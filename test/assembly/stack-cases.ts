import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { LogReader } from '../../lib/runtime/read-log.ts';
import { type AwsCall, REGION } from '../support/aws/local-aws.ts';
import { type AssembledStack, COPIER, POLLER, packedConfigOf, startAssembledStack } from './assembled-stack.ts';
import { CALLED_BY_AWS, keyCalls, type Permissions, permissionsOf, refusedCalls, unusedPermissions } from './iam.ts';
import { contentOf, fill } from './organization-content.ts';
import { until } from './until.ts';
import type { Variant } from './variants.ts';

const PAIR = 'eu/acme';
const VISIBILITY_MS = 360_000;

/** Level and message of every line. */
async function linesOf(log: LogReader): Promise<readonly unknown[][]> {
  const lines: unknown[][] = [];
  for await (const { entry } of log.added()) lines.push([entry?.level, entry?.message]);
  return lines;
}

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

/** Polls that a busy machine may need where one is enough: each ends before the next minute, whatever is left. */
const MOST_POLLS = 3;

/** Polls again until the pair is in sync. */
async function syncWhatIsLeft(world: AssembledStack): Promise<void> {
  for (let polls = 1; polls < MOST_POLLS; polls += 1) {
    if ((await world.status(PAIR)).status.condition === 'in sync') return;
    await world.sync(PAIR);
  }
}

/** The queue of the pair. */
const laneOf = (world: AssembledStack): string =>
  `chef-sync-lane-${packedConfigOf(world.stack()).pairs.find(({ name }) => name === PAIR)?.lane}.fifo`;

/** What every stack of a variant does, each bundle in processes of its own, and that its roles allow this and nothing else. */
export function testStack(variant: Variant): void {
  /** What was called in all tests so far; every stack has the same names. */
  const used: AwsCall[] = [];

  async function start({ replicas, grown, ...deployment }: Variant): Promise<AssembledStack> {
    const world = await startAssembledStack(deployment, replicas, grown);
    return {
      ...world,
      async [Symbol.asyncDispose]() {
        used.push(...world.cloud.calls);
        await world[Symbol.asyncDispose]();
      },
    };
  }

  /** With a source of `eu/acme` that has something of every kind. */
  async function startFilled(of: Variant): Promise<AssembledStack> {
    const world = await start(of);
    fill(world.primary.organization('acme'));
    return world;
  }

  // Some 25 processes start in each, which takes a busy two-core machine half a minute.
  describe(`the bundles of ${variant.name}`, { timeout: 180_000 }, () => {
    test('bring an organization over, follow its changes, and hold many deletes until an operator lets them go', async () => {
      await using world = await startFilled(variant);
      const { primary, replica } = world;
      const acme = primary.organization('acme');
      expect((await world.status(PAIR)).status.condition).toBe('never polled');

      await world.sync(PAIR);
      expect(contentOf(replica())).toEqual(contentOf(primary));
      expect((await world.status(PAIR)).status.condition).toBe('in sync');

      acme.putRole('role-3', { description: 'changed', run_list: ['recipe[apt]'] });
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
      await using world = await startFilled(variant);
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
      await syncWhatIsLeft(world);

      expect(contentOf(replica())).toEqual(contentOf(primary));
      const { status, unsynced } = await world.status(PAIR);
      expect(status.condition).toBe('in sync');
      expect(unsynced).toEqual([]);
    });

    test('remove a message that is none of theirs, and park what kills every copier until an operator retries', async () => {
      await using world = await startFilled(variant);
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

    test('copy nothing more after a stop with 1,000 messages queued, and send them again after a start', async () => {
      await using world = await start(variant);
      const { cloud, primary, replica } = world;
      const pairs = [PAIR, 'eu/tools'];
      for (const organization of ['acme', 'tools']) {
        for (let n = 0; n < 500; n += 1) primary.organization(organization).putRole(`role-${n}`, {});
      }
      const writes = (): number => replica().requests.count('POST', /./) + replica().requests.count('PUT', /./);
      const queued = (): number => world.lanes().reduce((sum, lane) => sum + cloud.sqs.count(lane), 0);
      const polls = Promise.all(pairs.map((pair) => cloud.fire(pair)));
      await until(() => queued() === 1_000);

      await world.control({ command: 'stop', pairs });
      await polls;
      await cloud.whileMapped(async () => {});

      expect(queued()).toBe(0);
      expect(writes()).toBe(0);
      const { status, unsynced } = await world.status(PAIR);
      expect(status.condition).toBe('stopped');
      expect(unsynced.length).toBe(500);
      expect(unsynced.every(({ attempts }) => attempts === 0)).toBe(true);

      await world.control({ command: 'start', pairs: [PAIR] });
      const polled = cloud.fire(PAIR);
      await until(() => queued() === 500);
      await world.control({ command: 'stop', pairs });
      await polled;
    });

    test('never copy one object in two lanes when a deployment moves its pair to another one', async () => {
      await using world = await startFilled({ ...variant, organizations: ['acme'] });
      const { cloud, primary, replica } = world;
      // More than two copiers take at a time.
      for (let n = 12; n < 42; n += 1) primary.organization('acme').putRole(`role-${n}`, {});
      const sendsTo = (lane: string): number =>
        cloud.calls.filter(({ action, resource }) => action === 'sqs:SendMessage' && resource.endsWith(lane)).length;
      const oldLane = laneOf(world);
      replica().faults.when({ method: 'POST', path: /\/roles$/ }, { kind: 'delay', ms: 1_500 });

      // The copier works on while the queue, with messages in it, is replaced under it.
      await cloud.whileMapped(async () => {
        const polled = cloud.fire(PAIR);
        await until(() => replica().requests.count('POST', /\/roles$/) > 0);
        cloud.kill(POLLER);
        await expect(polled).rejects.toThrow('died');
        expect(cloud.isBusy(COPIER)).toBe(true);
        expect(cloud.sqs.count(oldLane)).toBeGreaterThan(20);
        await world.deploy({ ...variant, organizations: variant.grown });
      });
      replica().faults.clear();
      const newLane = laneOf(world);
      expect(newLane).not.toBe(oldLane);
      primary.organization('acme').putRole('role-0', { description: 'changed' });

      await world.sync(PAIR);
      cloud.passTime(2 * VISIBILITY_MS + 1_000);
      await world.sync(PAIR);
      cloud.passTime(VISIBILITY_MS - 20_000);
      await world.sync(PAIR);
      expect(sendsTo(newLane)).toBe(0);

      cloud.passTime(21_000);
      await world.sync(PAIR);
      expect(sendsTo(newLane)).toBeGreaterThan(0);
      expect(contentOf(replica())).toEqual(contentOf(primary));
    });

    test('follow the schedules of all pairs through lanes that all exist, with roles that allow each call and no other', async () => {
      await using world = await startFilled(variant);
      const { cloud, primary } = world;
      const pairs = variant.replicas.map((name) => `${name}/acme`);
      await cloud.whileMapped(() => Promise.all(pairs.map((pair) => cloud.fire(pair))));
      primary.organization('acme').putRole('role-0', { description: 'changed' });
      primary.organization('acme').putCookbook('apt', '3.0.0', { files: { 'recipes/default.rb': '# 3\n' } });
      for (const pair of pairs) await world.sync(pair);
      for (const name of variant.replicas) expect(contentOf(world.replica(name))).toEqual(contentOf(primary));
      for (const pair of pairs) await world.inspector.finish({ command: 'check', pair, listsEqual: false });

      const config = packedConfigOf(world.stack());
      expect(cloud.scheduledPairs().toSorted()).toEqual(config.pairs.map(({ name }) => name).toSorted());
      expect(cloud.scheduledPairs().length).toBe(variant.replicas.length * variant.organizations.length);
      const planned = new Set(config.pairs.map(({ lane }) => `chef-sync-lane-${lane}.fifo`));
      expect(world.lanes().toSorted()).toEqual([...planned].toSorted());

      const made = [...used, ...world.cloud.calls];
      const throughServices = keyCalls(world.stack(), made);
      const calls = [...made, ...throughServices];
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
      // The key is for services that functions call, and for nobody else.
      const directly = throughServices.map(({ viaService: _, ...call }) => call);
      const elsewhere = directly.map((call) => ({ ...call, viaService: `s3.${REGION}.amazonaws.com` }));
      expect(throughServices.length > 0).toBe(variant.aws?.['kmsKeyArn'] !== undefined);
      for (const call of [...directly, ...elsewhere]) expect(refusedCalls(permissions, [call])).toHaveLength(1);

      const missing = changed(permissions, (actions) => actions.filter((action) => action !== 'sqs:SendMessage'));
      const refused = refusedCalls(missing, calls);
      expect(refused).not.toEqual([]);
      for (const call of refused) {
        expect(call).toMatch(/^chef-sync-Functionspoller\w+ calls sqs:SendMessage on \S+:chef-sync-lane-\w+\.fifo$/);
      }
    });
  });
}
