import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { createDynamoJobs, type JobRecord } from '../aws/dynamo-jobs.ts';
import { type PollSlot, takeJobSlot } from '../aws/poll-slots.ts';
import type { PackedConfig, PackedServer } from '../config/packed-config.ts';
import { isJobOver, type Job, type JobLine, type JobRequest } from '../model/job.ts';
import type { ExamineServer } from '../sync/examine-servers.ts';
import type { Log } from '../sync/pair-context.ts';
import { type InspectedPair, workJob } from '../sync/work-job.ts';
import { type LogOf, openAwsPairContexts } from './aws-pair-contexts.ts';
import { unknownPair } from './aws-pair-records.ts';
import { examineServer } from './examine-server.ts';
import { NOTHING_TO_SEND } from './nothing-to-send.ts';
import { replicaNameOf } from './operator.ts';

/**
 * A slice ends this long before the function's time-out: the step under way may take a minute, the examination of a server two, and then
 * lines must be stored.
 */
const BEFORE_TIME_OUT_MS = { doctor: 140_000, others: 80_000 } as const;
/** The lease outlives the function by so much. */
const LEASE_BEYOND_TIME_OUT_MS = 10_000;
/** Slices that may die in a row before the job ends with that as its problem. */
const MOST_ATTEMPTS = 3;
/** Bytes of lines in a row of the table and in an answer of status; a line that is larger has one of its own. */
const CHUNK_BYTES = 200_000;

/** What an invocation did for its job. */
export type InspectorOutcome = 'over' | 'to be continued' | 'waits for another job' | 'nothing to do';

/** Works on one slice of a job per invocation. */
export interface SliceWorker {
  /** `remainingMs` is the time until the function is stopped. Throws for faults of ours, after which the slice can be repeated. */
  work(
    event: unknown,
    remainingMs: () => number,
  ): Promise<{ readonly job: string; readonly outcome: InspectorOutcome }>;
}

const eventShape = z.object({ job: z.string() });

/** Makes everything that every slice of this execution environment shares. */
export function openAwsInspector(logOf: LogOf, log: Log): SliceWorker {
  const home = openAwsPairContexts(logOf, (config) => ({
    queueOf: () => NOTHING_TO_SEND,
    requestsInFlight: (_pair, server) => config.servers[server]?.requestsPerJob ?? 1,
  }));
  const { config, table, clock } = home;
  const jobs = createDynamoJobs(table);

  const inspected = async (name: string): Promise<InspectedPair> => {
    const pair = home.pair(name);
    if (pair === undefined) {
      throw unknownPair(
        name,
        config.pairs.map((one) => one.name),
      );
    }
    const ctx = await pair.open();
    return { ...ctx, known: ctx };
  };

  const examine: ExamineServer = async (target, how) => {
    const server = serverNamed(config, target.server);
    if (server === undefined) throw new Error(`${target.server} is no server of the stack`);
    return await examineServer(
      {
        side: target.server === 'primary' ? 'primary' : 'replica',
        url: server.url,
        key: () => home.key(server),
        ca: server.caPem,
        isCertificateUnchecked: server.skipsTlsVerification,
        requestsInFlight: server.requestsPerJob,
      },
      target,
      how,
      clock,
    );
  };

  /** The slots of all servers of the job, or the sentence of what it waits for. */
  const takeSlots = async (record: JobRecord, until: number): Promise<readonly PollSlot[] | string> => {
    const slots: PollSlot[] = [];
    for (const origin of originsOf(config, record.job.request)) {
      const slot = await takeJobSlot({ table, clock, origin, holder: record.id, until });
      if (slot === undefined) {
        await releaseAll(slots);
        return `another job reads ${origin}`;
      }
      slots.push(slot);
    }
    return slots;
  };

  /** Stores what a slice came to, if it is still its turn. */
  const end = (id: string, token: string, change: (record: JobRecord) => JobRecord): Promise<unknown> =>
    jobs.update(id, (record) => {
      if (record?.lease?.token !== token) return undefined;
      const { lease, askedAt, waitsFor, ...rest } = record;
      return change(rest);
    });

  return {
    async work(event, remainingMs) {
      const { job: id } = eventShape.parse(event);
      const now = clock.now();
      const until = now + remainingMs() + LEASE_BEYOND_TIME_OUT_MS;
      const token = randomUUID();
      const record = await jobs.update(id, (found) => {
        const isFree = (found?.lease?.until ?? 0) <= now;
        return found && isFree && !isJobOver(found.job) ? taken(found, { token, until }) : undefined;
      });
      if (record === undefined) return { job: id, outcome: 'nothing to do' };
      if (record.attempts > MOST_ATTEMPTS) {
        await end(id, token, (found) => ({ ...found, job: gaveUp(found.job, clock.now()) }));
        return { job: id, outcome: 'over' };
      }
      const slots = await takeSlots(record, until);
      if (typeof slots === 'string') {
        await end(id, token, (found) => ({ ...found, attempts: found.attempts - 1, waitsFor: slots }));
        return { job: id, outcome: 'waits for another job' };
      }
      try {
        const { command } = record.job.request;
        const deadline = clock.now() + remainingMs() - BEFORE_TIME_OUT_MS[command === 'doctor' ? 'doctor' : 'others'];
        const slice = await workJob({ clock, pair: inspected, examine }, record.job, deadline);
        const chunks = chunksOf(slice.lines);
        for (const [index, lines] of chunks.entries()) await jobs.writeChunk(record, record.chunks + index, lines);
        await end(id, token, (found) => ({
          ...found,
          job: slice.job,
          chunks: found.chunks + chunks.length,
          attempts: 0,
        }));
        home.logRequests(log);
        return { job: id, outcome: isJobOver(slice.job) ? 'over' : 'to be continued' };
      } catch (error) {
        // The attempt counts, and the next one need not wait for the end of the lease.
        await end(id, token, (found) => found);
        throw error;
      } finally {
        await releaseAll(slots);
      }
    },
  };
}

const taken = (
  { askedAt: _askedAt, waitsFor: _waitsFor, ...record }: JobRecord,
  lease: NonNullable<JobRecord['lease']>,
): JobRecord => ({ ...record, attempts: record.attempts + 1, lease });

const gaveUp = (job: Job, now: number): Job => ({
  ...job,
  place: undefined,
  endedAt: now,
  problem: {
    code: 'INSPECTOR_FAILED',
    // As for every function of the stack that fails: something was done, and may work another time.
    scope: 'endpoint',
    text: `The inspector died ${MOST_ATTEMPTS} times at the same place of its work: its log says more ("chef-sync-ctl manager-log").`,
  },
});

/** Every server that the job reads, once and always in the same order, so that two jobs never wait for each other. */
function originsOf(config: PackedConfig, request: JobRequest): readonly string[] {
  const servers =
    request.command === 'doctor'
      ? request.targets.map(({ server }) => serverNamed(config, server))
      : config.pairs
          .filter(({ name }) => name === request.pair)
          .flatMap(({ primary, replica }) => [config.servers[primary], config.servers[replica]]);
  return [...new Set(servers.flatMap((server) => (server === undefined ? [] : [new URL(server.url).origin])))].sort();
}

/** `primary`, or a replica by its name. */
function serverNamed({ pairs, servers }: PackedConfig, name: string): PackedServer | undefined {
  const pair = name === 'primary' ? pairs[0] : pairs.find((one) => replicaNameOf(one.name) === name);
  return pair && servers[name === 'primary' ? pair.primary : pair.replica];
}

/** Lines in their order, in parts that fit into a row of the table. */
function chunksOf(lines: readonly JobLine[]): readonly (readonly JobLine[])[] {
  const chunks: JobLine[][] = [];
  let bytes = CHUNK_BYTES;
  for (const line of lines) {
    const size = Buffer.byteLength(JSON.stringify(line));
    if (bytes + size > CHUNK_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(line);
    bytes += size;
  }
  return chunks;
}

async function releaseAll(slots: readonly PollSlot[]): Promise<void> {
  await Promise.all(slots.map((slot) => slot.release()));
}
