import { createDynamoPairState } from '../../lib/aws/dynamo-pair-state.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { POLLER, startAssembledStack } from '../assembly/assembled-stack.ts';
import { fillMeasured } from './measured-organization.ts';

/** What one poll of the bundled poller took, in a process of its own. */
export interface PollerTimes {
  /** From its beginning to its end, with servers that answer after `serverMs`. */
  readonly milliseconds: number;
  /** Of one processor, in all threads. */
  readonly processorMs: number;
  /** What it printed: its log and its metrics. */
  readonly logBytes: number;
}

/** The poller of an idle pair. */
export interface MeasuredPoller {
  readonly objects: number;
  /** No inventory is due. */
  readonly resting: PollerTimes;
  /** Both organizations are read whole. */
  readonly reading: PollerTimes;
  /** How long each pass of the reading took. */
  readonly passMs: Readonly<Record<'primaryNames' | 'primaryContents' | 'replicaNames' | 'replicaContents', number>>;
  /** Most memory that the process had, the bootstrap included. */
  readonly peakMegabytes: number;
}

const PAIR = 'eu/acme';
const POLLS = 5;
const MINUTE_MS = 60_000;

/**
 * Runs the poller's bundle, and nothing else in its process, on a pair of `objects` objects that are equal on both sides, at the pace of the
 * default configuration. Every answer of a Chef server comes after `serverMs`.
 */
export async function measurePoller(objects: number, serverMs: number): Promise<MeasuredPoller> {
  await using world = await startAssembledStack({ organizations: ['acme'], inventoryShare: '5%' });
  const { cloud, primary } = world;
  const replica = world.replica();
  for (const server of [primary, replica]) fillMeasured(server.organization('acme'), objects);
  const table = createDynamoTable(cloud.dynamo.client, String(world.stack().output('TableName')), systemClock);
  const state = createDynamoPairState(table, PAIR);
  const poll = async (): Promise<PollerTimes> => {
    const printed = cloud.log.length;
    await world.sync(PAIR);
    const usage = cloud.usages.findLast(({ functionName }) => functionName === POLLER);
    if (usage === undefined) throw new Error('the poller was not started');
    const { milliseconds, processorMs } = usage;
    const logBytes = cloud.log.slice(printed).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    return { milliseconds, processorMs, logBytes };
  };

  let condition = '';
  for (let polls = 0; condition !== 'in sync'; polls += 1) {
    if (polls === 50) throw new Error(`the pair is ${condition} after ${polls} polls`);
    cloud.passTime(10 * MINUTE_MS);
    await poll();
    condition = (await world.status(PAIR)).status.condition;
  }
  await poll();

  for (const server of [primary, replica]) server.faults.when({ path: /./ }, { kind: 'delay', ms: serverMs });
  const resting: PollerTimes[] = [];
  const reading: PollerTimes[] = [];
  for (let polls = 0; polls < POLLS; polls += 1) {
    cloud.passTime(60 * MINUTE_MS);
    reading.push(await poll());
    resting.push(await poll());
  }
  const { primary: primarySide, replica: replicaSide } = (await state.read())?.inventory ?? {};
  return {
    objects,
    resting: average(resting),
    reading: average(reading),
    passMs: {
      primaryNames: primarySide?.names?.tookMs ?? Number.NaN,
      primaryContents: primarySide?.contents?.tookMs ?? Number.NaN,
      replicaNames: replicaSide?.names?.tookMs ?? Number.NaN,
      replicaContents: replicaSide?.contents?.tookMs ?? Number.NaN,
    },
    peakMegabytes: Math.ceil(
      Math.max(
        ...cloud.usages.filter(({ functionName }) => functionName === POLLER).map(({ peakMegabytes }) => peakMegabytes),
      ),
    ),
  };
}

function average(times: readonly PollerTimes[]): PollerTimes {
  const mean = (of: (one: PollerTimes) => number): number =>
    Math.ceil(times.reduce((sum, one) => sum + of(one), 0) / times.length);
  return {
    milliseconds: mean((one) => one.milliseconds),
    processorMs: mean((one) => one.processorMs),
    logBytes: mean((one) => one.logBytes),
  };
}
