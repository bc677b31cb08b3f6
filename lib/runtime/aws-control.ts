import { createDynamoDestinations } from '../aws/dynamo-destinations.ts';
import { createDynamoJobs } from '../aws/dynamo-jobs.ts';
import { createDynamoPairState } from '../aws/dynamo-pair-state.ts';
import { createInvoker } from '../aws/invoke-function.ts';
import { removePair } from '../aws/remove-pair.ts';
import { PairSelectionError } from '../config/select-pairs.ts';
import { isJobOver, type JobRequest, startJob as newJob } from '../model/job.ts';
import type { OperatorAnswer } from '../model/operator-request.ts';
import { refusal } from '../model/sync-error.ts';
import { answerOperator } from '../sync/answer-operator.ts';
import type { PairRecords } from '../sync/pair-context.ts';
import { awsVariable, openTable, readPackedConfig } from './aws-environment.ts';
import type { LogOf } from './aws-pair-contexts.ts';
import { awsPairRecords, unknownPair } from './aws-pair-records.ts';
import { doctorRequest } from './doctor-targets.ts';
import type { JobOrder } from './inspector.ts';
import { isUnderWay, unknownJob } from './job-report.ts';
import { replicaNameOf } from './operator.ts';
import { enveloped, type OperatorEnvelope, type Page } from './operator-envelope.ts';
import { type ControlOrder, readControlRequest } from './operator-request-schema.ts';
import { systemClock } from './system-clock.ts';

/** A job that was started, or is to go on. */
export interface JobStarted {
  /** Its id. */
  readonly job: string;
}

/** What control answers to its requests. */
export type ControlAnswer = readonly OperatorAnswer[] | JobStarted;

/** No request is worked on for much longer than this: a removal goes on in the next page, and an operator is told what is left of others. */
const LONG_PAGE_MS = 120_000;

/**
 * Does what operators ask: writes the table, on which polls and copiers act, and starts the inspector. Never asks a Chef server and reads no
 * key.
 */
export function openAwsControl(logOf: LogOf): (event: unknown) => Promise<OperatorEnvelope<ControlAnswer>> {
  const config = readPackedConfig();
  const table = openTable();
  const recordsOf = awsPairRecords(config, table, systemClock);
  const configured = config.pairs.map(({ name }) => name);
  const jobs = createDynamoJobs(table);
  const invoker = createInvoker();
  const inspector = awsVariable('CHEF_SYNC_INSPECTOR');

  const forget = async (pair: string): Promise<{ readonly isDone: boolean }> => {
    if (configured.includes(pair)) {
      throw refusal(
        'PAIR_CONFIGURED',
        `${pair} is still configured: remove it from the configuration and deploy the stack first.`,
      );
    }
    const state = await createDynamoPairState(table, pair).read();
    const polled = await createDynamoDestinations(table).all();
    if (state === undefined && !polled.has(pair)) throw unknownPair(pair, [...configured, ...polled.keys()]);
    const { leaseUntil = 0 } = state ?? {};
    if (leaseUntil > systemClock.now()) {
      throw refusal(
        'PAIR_POLLED',
        `${pair} is still polled, by a poll that began before the last deployment: try again after ${new Date(leaseUntil).toISOString()}.`,
      );
    }
    return await removePair(table, pair, systemClock.now() + LONG_PAGE_MS, systemClock);
  };

  const known = (name: string): PairRecords => {
    const records = recordsOf(name);
    if (records === undefined) throw unknownPair(name, configured);
    return records;
  };

  /** Lambda starts the slice by itself; one that does not begin is asked for again by whoever waits for it. */
  const startSlice = async (job: string): Promise<void> => await invoker.start(inspector, { job });

  const requestOf = (order: JobOrder): JobRequest => {
    if (order.command !== 'doctor') {
      known(order.pair);
      return order;
    }
    try {
      return doctorRequest(
        config.pairs.map((pair) => ({ ...pair, replicaName: replicaNameOf(pair.name) })),
        order,
      );
    } catch (error) {
      if (!(error instanceof PairSelectionError)) throw error;
      throw refusal(error.code, error.message);
    }
  };

  const startJob = async (id: string, order: JobOrder): Promise<JobStarted> => {
    const job = newJob(requestOf(order), systemClock.now());
    const record = await jobs.update(id, (found) =>
      found === undefined ? { id, job, chunks: 0, attempts: 0, askedAt: job.startedAt } : undefined,
    );
    // The request was repeated, because its answer did not arrive: whoever waits for the job asks for its next slice.
    if (record === undefined) return { job: id };
    await startSlice(id);
    const about = 'pair' in order ? order.pair : 'doctor';
    logOf(about)('info', `an operator asked for a ${order.command}`, { job: id });
    return { job: id };
  };

  const continueJob = async (id: string): Promise<JobStarted> => {
    const now = systemClock.now();
    if ((await jobs.read(id)) === undefined) throw unknownJob(id);
    const record = await jobs.update(id, (found) =>
      found === undefined || isJobOver(found.job) || isUnderWay(found, now) ? undefined : { ...found, askedAt: now },
    );
    if (record !== undefined) await startSlice(id);
    return { job: id };
  };

  const answer = async (request: ControlOrder): Promise<Page<ControlAnswer>> => {
    switch (request.command) {
      case 'start-job':
        return { answer: await startJob(request.job, request.request) };
      case 'continue-job':
        return { answer: await continueJob(request.job) };
      case 'forget': {
        const { pair } = request;
        if (!(await forget(pair)).isDone) return { answer: [], next: pair };
        return { answer: logged([{ pair, text: 'forgotten; the replica keeps everything' }]) };
      }
      default:
        return { answer: logged(await answerOperator(request, known, systemClock.now() + LONG_PAGE_MS)) };
    }
  };

  const logged = (answers: readonly OperatorAnswer[]): readonly OperatorAnswer[] => {
    for (const { pair, text } of answers) logOf(pair)('info', `an operator asked: ${text}`);
    return answers;
  };

  return (event) => enveloped(async () => await answer(readControlRequest(event)));
}
