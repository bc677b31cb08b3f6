import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SERVER_MS } from '../../cdk/cost/monthly-cost.ts';
import { type PairOnDynamo, startPairOnDynamo } from '../support/aws/pair-on-dynamo.ts';
import { measurePoller } from './measure-poller.ts';
import { changeMeasured, fillMeasured } from './measured-organization.ts';

/**
 * `npm run cost:measure`: counts what polls and copies ask of DynamoDB and of Chef servers, with the real adapters against
 * dynalite and two sandbox servers, takes the time of the poller's bundle, and writes it to `cdk/cost/measured.json`, from which
 * `npm run cost` reckons. Takes some minutes; times of a busy machine are too long.
 */
const OBJECTS = 1_000;
/** The times of polls are measured with so many too; in between they lie on a line. */
const MANY_OBJECTS = 10_000;
/** Passes of a poll that reads everything: names and contents of either side. */
const PASSES = 4;
const CHANGES = 50;
const IDLE_POLLS = 10;
const MEASURED = fileURLToPath(new URL('../../cdk/cost/measured.json', import.meta.url));

/** One poll with copiers beside it, and what both asked for. */
async function measure(pair: PairOnDynamo, isResting = false): Promise<Measurement> {
  const so = () => ({
    units: pair.units(),
    sent: pair.sent(),
    primary: pair.primary.requests.entries.length,
    replica: pair.replica.requests.entries.length,
  });
  const before = so();
  const milliseconds = await pair.poll({ isResting });
  const after = so();
  return {
    milliseconds,
    readUnits: after.units.read - before.units.read,
    writeUnits: after.units.write - before.units.write,
    messages: after.sent.messages - before.sent.messages,
    sendCalls: after.sent.calls - before.sent.calls,
    primaryRequests: after.primary - before.primary,
    replicaRequests: after.replica - before.replica,
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

async function average(pair: PairOnDynamo, isResting: boolean): Promise<Measurement> {
  const all: Measurement[] = [];
  for (let poll = 0; poll < IDLE_POLLS; poll += 1) all.push(await measure(pair, isResting));
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

/** What is counted, in a process that nothing else is timed in. */
async function count() {
  await using pair = await startPairOnDynamo();
  const acme = pair.primary.organization('acme');
  fillMeasured(acme, OBJECTS);
  const bootstrap = await measure(pair);
  await measure(pair);
  const reading = await average(pair, false);
  const resting = await average(pair, true);
  changeMeasured(acme, CHANGES);
  const changed = await measure(pair);
  return {
    restingPoll: resting,
    passUnits: {
      read: round((reading.readUnits - resting.readUnits) / PASSES),
      write: round((reading.writeUnits - resting.writeUnits) / PASSES),
    },
    bootstrapPerObject: difference(bootstrap, reading, OBJECTS),
    changePerObject: difference(changed, reading, CHANGES),
  };
}

const measured = {
  objects: OBJECTS,
  ...(await count()),
  pollers: {
    small: await measurePoller(OBJECTS, SERVER_MS),
    large: await measurePoller(MANY_OBJECTS, SERVER_MS),
  },
};
writeFileSync(MEASURED, `${JSON.stringify(measured, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(measured, null, 2)}\n`);
