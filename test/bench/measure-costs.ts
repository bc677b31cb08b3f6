import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createDynamoDestinations } from '../../lib/aws/dynamo-destinations.ts';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../../lib/aws/dynamo-pair-state.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import type { OutgoingMessage } from '../../lib/model/copy-message.ts';
import { pairKey } from '../../lib/plan/fingerprint.ts';
import { pairRules } from '../../lib/runtime/pair-rules.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { copyObjects } from '../../lib/sync/copy-objects.ts';
import type { PairContext } from '../../lib/sync/pair-context.ts';
import { pairHealth } from '../../lib/sync/pair-health.ts';
import { pollPair } from '../../lib/sync/poll-pair.ts';
import { connectChefOrg } from '../contract/connect-chef-org.ts';
import { countUnits } from '../support/aws/consumed-units.ts';
import { startDynamoServer } from '../support/aws/dynamo-server.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';

/**
 * `npm run cost:measure`: counts what polls and copies ask of DynamoDB and of Chef servers, with the real adapters against
 * dynalite and two sandbox servers, and writes it to `cdk/cost/measured.json`, from which `npm run cost` reckons.
 */
const OBJECTS = { items: 900, roles: 60, cookbooks: 40 };
const TOTAL = OBJECTS.items + OBJECTS.roles + OBJECTS.cookbooks;
const CHANGES = 50;
const BATCH = 10;
const IDLE_POLLS = 10;
const MEASURED = fileURLToPath(new URL('../../cdk/cost/measured.json', import.meta.url));
const TABLE = 'measured';

const dynamo = await startDynamoServer();
await dynamo.createTable(TABLE);
await using primary = await startFakeChefServer();
await using replica = await startFakeChefServer();
fill(primary);

const units = countUnits(dynamo.client);

const table = createDynamoTable(dynamo.client, TABLE, systemClock);
const destinations = createDynamoDestinations(table);
const queue: OutgoingMessage[] = [];
const sent = { messages: 0, calls: 0 };
const connections = {
  primary: connectChefOrg({ ...primary, organization: 'acme', side: 'primary' }),
  replica: connectChefOrg({ ...replica, organization: 'acme', side: 'replica' }),
};
const context = (inventoryShare: number): PairContext => ({
  pair: 'eu/acme',
  rules: pairRules({
    pollSeconds: 60,
    source: 'auto',
    bootstrap: true,
    drift: 'repair',
    objects: 'all',
    include: [],
    exclude: [],
    inventoryShare,
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
});
const everyTime = context(Number.POSITIVE_INFINITY);
const notDue = { ...everyTime, rules: { ...everyTime.rules, inventoryShare: 1e-9 } };

/** One poll with copiers beside it, and what both asked for. */
async function measure(ctx: PairContext): Promise<Measurement> {
  const before = {
    ...units(),
    ...sent,
    primary: primary.requests.entries.length,
    replica: replica.requests.entries.length,
  };
  const isOver = { poll: false };
  const copying = (async () => {
    while (!isOver.poll || queue.length > 0) {
      const batch = queue.splice(0, BATCH);
      if (batch.length > 0) await copyObjects(ctx, batch);
      else await systemClock.sleep(5);
    }
  })();
  const cpu = process.cpuUsage();
  // The poller looks at the state before and after.
  await ctx.state.read();
  const { outcome } = await pollPair(ctx, { deadline: Date.now() + 300_000, leaseMs: 400_000, dispatchPauseMs: 1000 });
  await ctx.state.read();
  await pairHealth(ctx, Date.now());
  const { user, system } = process.cpuUsage(cpu);
  const milliseconds = (user + system) / 1000;
  isOver.poll = true;
  await copying;
  if (outcome !== 'complete') throw new Error(`the poll was ${outcome}`);
  return {
    milliseconds,
    readUnits: units().read - before.read,
    writeUnits: units().write - before.write,
    messages: sent.messages - before.messages,
    sendCalls: sent.calls - before.calls,
    primaryRequests: primary.requests.entries.length - before.primary,
    replicaRequests: replica.requests.entries.length - before.replica,
  };
}

/** What one run of {@link measure} took. */
interface Measurement {
  /** Of processor time, that of the servers in this process too: an upper bound that a busy machine does not change. */
  readonly milliseconds: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly messages: number;
  readonly sendCalls: number;
  readonly primaryRequests: number;
  readonly replicaRequests: number;
}

const difference = (a: Measurement, b: Measurement, share: number): Measurement => ({
  milliseconds: round((a.milliseconds - b.milliseconds) / share),
  readUnits: round((a.readUnits - b.readUnits) / share),
  writeUnits: round((a.writeUnits - b.writeUnits) / share),
  messages: round((a.messages - b.messages) / share),
  sendCalls: round((a.sendCalls - b.sendCalls) / share),
  primaryRequests: round((a.primaryRequests - b.primaryRequests) / share),
  replicaRequests: round((a.replicaRequests - b.replicaRequests) / share),
});

const NOTHING: Measurement = {
  milliseconds: 0,
  readUnits: 0,
  writeUnits: 0,
  messages: 0,
  sendCalls: 0,
  primaryRequests: 0,
  replicaRequests: 0,
};

/** Three digits say all that a measurement does. */
function round(number: number): number {
  return Number(number.toPrecision(3));
}

async function average(ctx: PairContext): Promise<Measurement> {
  const all: Measurement[] = [];
  for (let poll = 0; poll < IDLE_POLLS; poll += 1) all.push(await measure(ctx));
  const sum = (of: (one: Measurement) => number): number => all.reduce((total, one) => total + of(one), 0);
  return difference(
    {
      milliseconds: sum((one) => one.milliseconds),
      readUnits: sum((one) => one.readUnits),
      writeUnits: sum((one) => one.writeUnits),
      messages: sum((one) => one.messages),
      sendCalls: sum((one) => one.sendCalls),
      primaryRequests: sum((one) => one.primaryRequests),
      replicaRequests: sum((one) => one.replicaRequests),
    },
    NOTHING,
    IDLE_POLLS,
  );
}

function fill({ organization }: FakeChefServer): void {
  const acme = organization('acme');
  for (let n = 0; n < OBJECTS.items; n += 1) acme.putItem(`bag${n % 9}`, `item${n}`, { value: `${n}`.repeat(50) });
  for (let n = 0; n < OBJECTS.roles; n += 1) acme.putRole(`role${n}`, { run_list: [`recipe[book${n % 40}]`] });
  for (let n = 0; n < OBJECTS.cookbooks; n += 1) {
    acme.putCookbook(`book${n}`, '1.0.0', { files: { 'recipes/default.rb': `# ${n}\n`, 'README.md': `${n}` } });
  }
}

const bootstrap = await measure(everyTime);
await measure(everyTime);
const reading = await average(everyTime);
const resting = await average(notDue);
for (let n = 0; n < CHANGES; n += 1) {
  primary.organization('acme').putItem(`bag${n % 9}`, `item${n}`, { value: `changed ${n}` });
}
const changed = await measure(everyTime);

const measured = {
  objects: TOTAL,
  restingPoll: resting,
  readingPoll: reading,
  bootstrapPerObject: difference(bootstrap, reading, TOTAL),
  changePerObject: difference(changed, reading, CHANGES),
};
writeFileSync(MEASURED, `${JSON.stringify(measured, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
await connections.primary.close();
await connections.replica.close();
dynamo.stop();
