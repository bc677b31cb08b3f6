import { FUNCTION_NAMES, FUNCTION_TABLE } from '../function-table.ts';
import { scheduleMinutes } from '../poll-rate.ts';
import measured from './measured.json' with { type: 'json' };
import prices from './prices.json' with { type: 'json' };

/** What a stack has to do. */
export interface Workload {
  readonly pairs: number;
  /** Chef servers beside the primary. */
  readonly replicas: number;
  /** Of each pair. */
  readonly objects: number;
  /** Of each pair. */
  readonly changesPerDay: number;
  readonly pollSeconds: number;
  /** With a customer managed KMS key. */
  readonly hasKey: boolean;
  /** Interface endpoints in so many availability zones; 0 without `egress: endpoints`. */
  readonly endpointZones: number;
  /** NAT gateways that exist for this stack alone. */
  readonly natGateways: number;
}

/** The workload of a newcomer: one organization of 1,000 objects that nobody changes. */
export const ONE_PAIR: Workload = {
  pairs: 1,
  replicas: 1,
  objects: 1000,
  changesPerDay: 0,
  pollSeconds: 60,
  hasKey: false,
  endpointZones: 0,
  natGateways: 0,
};

/** One line of a bill, in US dollars. */
export interface CostLine {
  readonly what: string;
  readonly count: number;
  readonly unit: string;
  readonly dollars: number;
}

/** A bill by what causes it. The month has 730 hours. */
export interface Bill {
  /** What the stack costs before it has a pair. */
  readonly stack: readonly CostLine[];
  /** What a pair costs while nothing changes. */
  readonly idlePair: readonly CostLine[];
  /** What its changes of a month add. */
  readonly changes: readonly CostLine[];
  /** What its bootstrap costs, once. */
  readonly bootstrap: readonly CostLine[];
}

const MONTH_SECONDS = 730 * 3600;
const GIGABYTE = 1e9;

/** Lambda gives a whole processor with so much memory, and a share of one with less. */
const PROCESSOR_MB = 1769;
/** A Chef server answers a list or a page of bodies in about this time. */
export const SERVER_MS = 50;
/** `inventoryShare: 5%`: a reading that took t begins again no sooner than 20 t later. */
const READING_REST = 20;
/** Lambda asks an idle queue with five long polls of 20 seconds. */
const EMPTY_RECEIVES_PER_SECOND = 5 / 20;
/** With `requestsInFlight: 32` on every server, pairs beyond these share lanes. */
const MOST_LANES = 12;
/** Lambda's own three lines of an invocation. */
const PLATFORM_LOG_BYTES = 400;
/** Both sides are read side by side while neither takes longer: `QUICK_READING_MS` of `lib/plan/pace-inventory.ts`. */
const QUICK_READING_MS = 5_000;
/** A line of ours for each object, and a share of Lambda's. */
const COPY_LOG_BYTES = 500;
/** An entry of the ledger with its keys; twice while it is unsynced. */
const ENTRY_BYTES = 800;
/** An average object: most are small JSON, cookbooks are larger. */
const OBJECT_BYTES = 20_000;
/** What a pass reads of each object: its name with its address, or its JSON as a search answers it. Servers send it as it is. */
const NAME_BYTES = 100;
const JSON_BYTES = 3_000;
/** Metrics of the stack's own alarms: one in each of four, and one for each function in two. */
const STACK_ALARM_METRICS = 4 + 2 * FUNCTION_NAMES.length;
/** An execution environment lives for hours and reads its three secrets once. */
const ENVIRONMENTS_PER_DAY = 12;
const SECRETS_PER_ENVIRONMENT = 3;
/** One data key in five minutes for each queue, and for the table's own cache. */
const KEY_CALLS_PER_SECOND = 1 / 300;

/** Reckons what a stack costs in a month, from the prices and the measurements beside this file. Rounds nothing. */
export function monthlyCost(workload: Workload): Bill {
  const lanesPerPair = Math.min(1, MOST_LANES / workload.pairs);
  const schedulePeriod = scheduleMinutes(workload.pollSeconds) * 60;
  const firings = MONTH_SECONDS / schedulePeriod;
  const polls = MONTH_SECONDS / (workload.pollSeconds < 60 ? workload.pollSeconds : schedulePeriod);
  const poll = pollOf(workload.objects);
  // Each pass begins again when it has rested, at the earliest with the next poll.
  const passes = poll.passes.map((pass) => ({
    ...pass,
    times: Math.min(polls, (MONTH_SECONDS * 1000) / (pass.milliseconds * (1 + READING_REST))),
  }));
  const ofPasses = (amount: (pass: (typeof passes)[number]) => number): number =>
    passes.reduce((sum, pass) => sum + pass.times * amount(pass), 0);
  // Below a minute the invocation stays and waits for its next poll.
  const pollerSeconds =
    workload.pollSeconds < 60
      ? firings * (schedulePeriod - workload.pollSeconds)
      : (polls * poll.restingMs + ofPasses(({ paidMs }) => paidMs)) / 1000;
  const idleLogs = firings * (PLATFORM_LOG_BYTES + poll.logBytes);
  const storedBytes = workload.objects * ENTRY_BYTES;

  const idlePair = [
    line('EventBridge firings', firings, 'firings', prices.schedulerPerMillion / 1e6),
    line('Lambda poller, starts', firings, 'starts', prices.lambdaRequestsPerMillion / 1e6),
    line('Lambda poller, time', pollerSeconds * gigabytes('poller'), 'GB s', prices.lambdaArmPerGbSecond),
    ...tableUnits(
      polls * measured.restingPoll.readUnits + ofPasses(() => measured.passUnits.read),
      polls * measured.restingPoll.writeUnits + ofPasses(() => measured.passUnits.write),
    ),
    line('DynamoDB storage', storedBytes / GIGABYTE, 'GB months', prices.tablePerGbMonth),
    line('DynamoDB point-in-time recovery', storedBytes / GIGABYTE, 'GB months', prices.pointInTimePerGbMonth),
    line(
      'SQS empty receives of the lane',
      lanesPerPair * EMPTY_RECEIVES_PER_SECOND * MONTH_SECONDS,
      'requests',
      prices.fifoRequestsPerMillion / 1e6,
    ),
    // The other one, NeedsAttention, is written only while it is so.
    line('CloudWatch metric LagSeconds', 1, 'metrics', prices.metricPerMonth),
    line('CloudWatch alarm "needs attention"', 1, 'metrics', prices.alarmMetricPerMonth),
    ...logs(idleLogs),
    ...throughGateway(
      'inventories read',
      ofPasses(({ bytes }) => bytes),
      workload,
    ),
    ...(workload.hasKey
      ? [
          line(
            'KMS calls for lane and table',
            2 * KEY_CALLS_PER_SECOND * MONTH_SECONDS,
            'calls',
            prices.keyCallsPerMillion / 1e6,
          ),
        ]
      : []),
  ];

  const servers = 1 + workload.replicas;
  const stack = [
    line('Secrets (Chef keys, fingerprints)', servers + 1, 'secrets', prices.secretPerMonth),
    line(
      'Secrets, reads',
      ENVIRONMENTS_PER_DAY * SECRETS_PER_ENVIRONMENT * (MONTH_SECONDS / 86_400),
      'calls',
      prices.secretCallsPerMillion / 1e6,
    ),
    line(
      'SQS empty receives of dead letters',
      EMPTY_RECEIVES_PER_SECOND * MONTH_SECONDS,
      'requests',
      prices.fifoRequestsPerMillion / 1e6,
    ),
    line('CloudWatch alarms of the stack', STACK_ALARM_METRICS, 'metrics', prices.alarmMetricPerMonth),
    line('CloudWatch metric MessagesParked', 1, 'metrics', prices.metricPerMonth),
    line('CloudWatch dashboard', 1, 'dashboards', prices.dashboardPerMonth),
    ...(workload.hasKey
      ? [
          line('KMS key', 1, 'keys', prices.keyPerMonth),
          line(
            'KMS calls for dead letters',
            KEY_CALLS_PER_SECOND * MONTH_SECONDS,
            'calls',
            prices.keyCallsPerMillion / 1e6,
          ),
        ]
      : []),
    ...(workload.endpointZones > 0
      ? [
          line(
            'VPC endpoints for SQS and Secrets Manager',
            2 * workload.endpointZones * (MONTH_SECONDS / 3600),
            'hours',
            prices.endpointPerHour,
          ),
        ]
      : []),
    ...(workload.natGateways > 0
      ? [
          line('NAT gateways', workload.natGateways * (MONTH_SECONDS / 3600), 'hours', prices.natPerHour),
          line(
            'Public addresses of NAT gateways',
            workload.natGateways * (MONTH_SECONDS / 3600),
            'hours',
            prices.publicAddressPerHour,
          ),
        ]
      : []),
  ];

  const changes = workload.changesPerDay * (MONTH_SECONDS / 86_400);
  return {
    stack,
    idlePair,
    changes: copying(changes, measured.changePerObject, workload),
    bootstrap: copying(workload.objects, measured.bootstrapPerObject, workload),
  };
}

/** The sum of a bill's lines, in dollars. */
export const total = (lines: readonly CostLine[]): number => lines.reduce((sum, { dollars }) => sum + dollars, 0);

const line = (what: string, count: number, unit: string, price: number): CostLine => ({
  what,
  count,
  unit,
  dollars: count * price,
});

/** How long work takes in a function that is measured here on a whole processor. */
const processorTime = (milliseconds: number, name: 'poller' | 'copier'): number =>
  milliseconds * Math.max(1, PROCESSOR_MB / FUNCTION_TABLE[name].memoryMb);

const gigabytes = (name: 'poller' | 'copier'): number => FUNCTION_TABLE[name].memoryMb / 1024;

const tableUnits = (reads: number, writes: number): readonly CostLine[] => [
  line('DynamoDB read units', reads, 'units', prices.readUnitsPerMillion / 1e6),
  line('DynamoDB write units', writes, 'units', prices.writeUnitsPerMillion / 1e6),
];

const logs = (bytes: number): readonly CostLine[] => [
  line('Logs taken in', bytes / GIGABYTE, 'GB', prices.logsPerGb),
  line('Logs kept for a month', bytes / GIGABYTE, 'GB months', prices.logsPerGbMonth),
];

/** A poll that is due to read nothing, and what each of the four passes adds. */
interface Poll {
  readonly restingMs: number;
  readonly logBytes: number;
  readonly passes: readonly {
    /** Sets the pace. */
    readonly milliseconds: number;
    /** What it makes the poll longer by. */
    readonly paidMs: number;
    /** That Chef servers answer. */
    readonly bytes: number;
  }[];
}

/** A poll of an organization of so many objects, on the line through the two that were measured. */
function pollOf(objects: number): Poll {
  const { small, large } = measured.pollers;
  const at = (of: (poller: typeof small) => number): number => {
    const [a, b] = [of(small), of(large)];
    return a + ((b - a) * (objects - small.objects)) / (large.objects - small.objects);
  };
  const ms = ({ milliseconds, processorMs }: typeof small.resting): number =>
    // The rest of the time it waits for answers.
    milliseconds + processorTime(processorMs, 'poller') - processorMs;
  const stretch = ms(small.reading) / small.reading.milliseconds;
  const passes = [
    { milliseconds: stretch * at(({ passMs }) => passMs.primaryNames), bytes: objects * NAME_BYTES },
    { milliseconds: stretch * at(({ passMs }) => passMs.primaryContents), bytes: objects * JSON_BYTES },
    { milliseconds: stretch * at(({ passMs }) => passMs.replicaNames), bytes: objects * NAME_BYTES },
    { milliseconds: stretch * at(({ passMs }) => passMs.replicaContents), bytes: objects * JSON_BYTES },
  ];
  const isSideBySide = passes.every(({ milliseconds }) => milliseconds <= QUICK_READING_MS);
  const inAll = passes.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const addedMs = at(({ reading, resting }) => ms(reading) - ms(resting));
  return {
    // No inventory is read, so the objects make no difference.
    restingMs: ms(small.resting),
    logBytes: small.reading.logBytes,
    passes: passes.map(({ milliseconds, bytes }) => ({
      milliseconds,
      bytes,
      paidMs: isSideBySide ? (addedMs * milliseconds) / inAll : milliseconds,
    })),
  };
}

/** A gateway is paid for what goes through it in either direction. */
const throughGateway = (what: string, bytes: number, { natGateways }: Workload): readonly CostLine[] =>
  natGateways > 0 ? [line(`NAT gateway, what ${what}`, bytes / GIGABYTE, 'GB', prices.natPerGb)] : [];

function copying(objects: number, each: typeof measured.changePerObject, workload: Workload): readonly CostLine[] {
  // A batch of ten is copied with what one copier may have in flight, so requests are waited for one after the other.
  const milliseconds =
    (each.primaryRequests + each.replicaRequests) * SERVER_MS + processorTime(each.milliseconds, 'copier');
  const starts = objects * each.messages;
  const bytes = objects * OBJECT_BYTES;
  return [
    line('Lambda copier, starts', starts, 'starts', prices.lambdaRequestsPerMillion / 1e6),
    line(
      'Lambda copier, time',
      ((objects * milliseconds) / 1000) * gigabytes('copier'),
      'GB s',
      prices.lambdaArmPerGbSecond,
    ),
    ...tableUnits(objects * each.readUnits, objects * each.writeUnits),
    // Sent in tens at best, received and deleted one by one at worst.
    line('SQS messages', objects * each.messages * 3, 'requests', prices.fifoRequestsPerMillion / 1e6),
    ...logs(objects * COPY_LOG_BYTES),
    line('Data out to replicas', bytes / GIGABYTE, 'GB', prices.dataOutPerGb),
    // Read from the primary, and written to the replica.
    ...throughGateway('copies read and write', 2 * bytes, workload),
  ];
}
