import { randomBytes } from 'node:crypto';
import { createDynamoDestinations } from '../../../lib/aws/dynamo-destinations.ts';
import { createDynamoLedger } from '../../../lib/aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../../../lib/aws/dynamo-pair-state.ts';
import { createDynamoTable, openDynamo } from '../../../lib/aws/dynamo-table.ts';
import { entryKey } from '../../../lib/aws/row-keys.ts';
import type { OutgoingMessage } from '../../../lib/model/copy-message.ts';
import { pairKey } from '../../../lib/plan/fingerprint.ts';
import { pairRules } from '../../../lib/runtime/pair-rules.ts';
import { systemClock } from '../../../lib/runtime/system-clock.ts';
import { copyObjects } from '../../../lib/sync/copy-objects.ts';
import type { PairContext } from '../../../lib/sync/pair-context.ts';
import { pairHealth } from '../../../lib/sync/pair-health.ts';
import { pollPair } from '../../../lib/sync/poll-pair.ts';
import { connectChefOrg } from '../../contract/connect-chef-org.ts';
import { type FakeChefServer, startFakeChefServer } from '../fake-chef-server.ts';
import { type ConsumedUnits, countUnits } from './consumed-units.ts';
import { startDynamoServer } from './dynamo-server.ts';
import { ANY_CREDENTIALS, REGION } from './local-aws.ts';

/** Messages that one copier takes. */
const BATCH = 10;
const TABLE = 'counted';

/** The pair `eu/acme` between two fake Chef servers, its records in dynalite, which counts what they cost. */
export interface PairOnDynamo extends AsyncDisposable {
  readonly primary: FakeChefServer;
  readonly replica: FakeChefServer;
  /** Adds entries of settled items of one data bag to the ledger, numbered from `from` up to `to`. */
  fillLedger(from: number, to: number): Promise<void>;
  /** Units so far. */
  units(): ConsumedUnits;
  /** Messages so far, and calls in which they were sent. */
  sent(): { readonly messages: number; readonly calls: number };
  /**
   * One poll with copiers beside it, as the poller makes it. Every inventory is due, or none with `isResting`. Answers the processor time (ms) of
   * this process, that of the servers included.
   */
  poll(options?: { readonly isResting?: boolean }): Promise<number>;
}

export async function startPairOnDynamo(): Promise<PairOnDynamo> {
  const [dynamo, primary, replica] = await Promise.all([
    startDynamoServer(),
    startFakeChefServer(),
    startFakeChefServer(),
  ]);
  await dynamo.createTable(TABLE);
  const counted = openDynamo({ endpoint: dynamo.url, region: REGION, credentials: ANY_CREDENTIALS });
  const units = countUnits(counted);
  const table = createDynamoTable(counted, TABLE, systemClock);
  const destinations = createDynamoDestinations(table);
  const queue: OutgoingMessage[] = [];
  const sent = { messages: 0, calls: 0 };
  const connections = {
    primary: connectChefOrg({ ...primary, organization: 'acme', side: 'primary' }),
    replica: connectChefOrg({ ...replica, organization: 'acme', side: 'replica' }),
  };
  const context: PairContext = {
    pair: 'eu/acme',
    rules: pairRules({
      pollSeconds: 60,
      source: 'auto',
      bootstrap: true,
      drift: 'repair',
      objects: 'all',
      include: [],
      exclude: [],
      inventoryShare: Number.POSITIVE_INFINITY,
    }),
    fingerprintKey: pairKey(randomBytes(32), 'eu/acme'),
    ledger: createDynamoLedger(table, 'eu/acme'),
    state: createDynamoPairState(table, 'eu/acme'),
    queue: {
      async send(messages) {
        queue.push(...messages);
        sent.messages += messages.length;
        sent.calls += Math.ceil(messages.length / BATCH);
        return { failed: [] };
      },
      beganAt: 0,
      visibilitySeconds: 360,
    },
    clock: systemClock,
    primary: connections.primary.org,
    replica: connections.replica.org,
    log: () => undefined,
    destinationsOfOtherPairs: async () => new Set((await destinations.all()).values()),
  };

  return {
    primary,
    replica,
    async fillLedger(from, to) {
      const items = Array.from({ length: to - from }, (_, n) => {
        const path = `/data/archive/item-${from + n}` as const;
        const { pk, sk } = entryKey('eu/acme', path);
        const body = { path: { S: path }, state: { S: 'synced' }, fingerprint: { S: 'f'.repeat(43) } };
        return { pk: { S: pk }, sk: { S: sk }, rev: { S: 'test' }, body: { M: body } };
      });
      await dynamo.load(TABLE, items);
    },
    units,
    sent: () => ({ ...sent }),
    async poll({ isResting = false } = {}) {
      const ctx = isResting ? { ...context, rules: { ...context.rules, inventoryShare: 1e-9 } } : context;
      const isOver = { poll: false };
      const copying = (async () => {
        while (!isOver.poll || queue.length > 0) {
          const batch = queue.splice(0, BATCH);
          if (batch.length > 0) await copyObjects(ctx, batch);
          else await systemClock.sleep(5);
        }
      })();
      const before = process.cpuUsage();
      // The poller looks at the state before and after.
      await ctx.state.read();
      const options = { deadline: Date.now() + 300_000, leaseMs: 400_000, dispatchPauseMs: 1000 };
      const { outcome } = await pollPair(ctx, options);
      await ctx.state.read();
      await pairHealth(ctx, Date.now());
      const { user, system } = process.cpuUsage(before);
      isOver.poll = true;
      await copying;
      if (outcome !== 'complete') throw new Error(`the poll was ${outcome}`);
      return (user + system) / 1000;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([connections.primary.close(), connections.replica.close()]);
      await Promise.all([primary.stop(), replica.stop()]);
      counted.destroy();
      dynamo.stop();
    },
  };
}
