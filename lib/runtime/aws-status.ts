import { createDynamoDestinations } from '../aws/dynamo-destinations.ts';
import { createDynamoJobs } from '../aws/dynamo-jobs.ts';
import { createDynamoLedger } from '../aws/dynamo-ledger.ts';
import { createDynamoPairState } from '../aws/dynamo-pair-state.ts';
import { createFunctionLogs } from '../aws/function-logs.ts';
import { type PairStatus, pairStatus } from '../sync/pair-status.ts';
import { type UnsyncedObject, unsyncedPage } from '../sync/unsynced-objects.ts';
import { type WorkUnderWay, workUnderWay } from '../sync/work-under-way.ts';
import { awsVariable, openTable, readPackedConfig } from './aws-environment.ts';
import { type AwsLogLine, openAwsLogs } from './aws-logs.ts';
import { awsPairRecords, unknownPair } from './aws-pair-records.ts';
import { type JobReport, jobPage } from './job-report.ts';
import { type KnownPair, replicaNameOf } from './operator.ts';
import { enveloped, type OperatorEnvelope, type Page } from './operator-envelope.ts';
import { readStatusRequest, type StatusRequest } from './operator-request-schema.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** What each query is answered with; of long answers a page. */
export interface StatusAnswers {
  readonly pairs: readonly KnownPair[];
  readonly status: readonly PairStatus[];
  readonly 'under way': readonly WorkUnderWay[];
  readonly unsynced: readonly UnsyncedObject[];
  readonly log: readonly AwsLogLine[];
  readonly job: JobReport;
}

/** Pairs read side by side. */
const PAIRS_AT_ONCE = 20;
/** A page ends when it is this large (bytes), or has taken this long. */
const LARGE_PAGE = 700_000;
const LONG_PAGE_MS = 15_000;

/**
 * Answers operators how pairs are, page by page. Reads table and logs alone: no Chef server, no key, nothing is written.
 */
export function openAwsStatus(): (event: unknown) => Promise<OperatorEnvelope<StatusAnswers[keyof StatusAnswers]>> {
  const config = readPackedConfig();
  const table = openTable();
  const destinations = createDynamoDestinations(table);
  const rules = new Map(config.pairs.map((pair) => [pair.name, pairRules(pair.settings)]));
  const configured = awsPairRecords(config, table, systemClock);
  const jobs = createDynamoJobs(table);
  const logs = openAwsLogs(createFunctionLogs(), awsVariable('CHEF_SYNC_LOG_PREFIX'));

  const names = async (): Promise<readonly string[]> => [
    ...new Set([...rules.keys(), ...(await destinations.all()).keys()]),
  ];
  const known = async (wanted: readonly string[]): Promise<readonly string[]> => {
    const all = await names();
    for (const name of wanted) if (!all.includes(name)) throw unknownPair(name, all);
    return wanted;
  };
  const status = (pair: string): Promise<PairStatus> =>
    pairStatus({
      pair,
      ledger: createDynamoLedger(table, pair),
      state: createDynamoPairState(table, pair),
      now: systemClock.now(),
      pollSeconds: rules.get(pair)?.pollSeconds,
      filterHash: rules.get(pair)?.filterHash,
    });
  const underWay = async (pair: string): Promise<WorkUnderWay> => {
    const records = configured(pair);
    return records === undefined ? { isPolling: false, copies: 0 } : await workUnderWay(records, 0);
  };

  const answer = async (request: StatusRequest): Promise<Page<StatusAnswers[keyof StatusAnswers]>> => {
    switch (request.query) {
      case 'pairs': {
        const all = await names();
        return {
          answer: all.map((name) => ({
            name,
            replicaName: replicaNameOf(name),
            isConfigured: rules.has(name),
            filterHash: rules.get(name)?.filterHash,
          })),
        };
      }
      case 'status':
        return await pageOfPairs(
          request.pairs === undefined ? await names() : await known(request.pairs),
          request,
          status,
        );
      case 'under way':
        return await pageOfPairs(await known(request.pairs), request, underWay);
      case 'unsynced': {
        await known([request.pair]);
        const { objects, next } = await unsyncedPage(createDynamoLedger(table, request.pair), request, request.after);
        return { answer: objects, next };
      }
      case 'job':
        return await jobPage(jobs, request);
      case 'log': {
        if (request.pair !== undefined) await known([request.pair]);
        return await logs(request);
      }
    }
  };
  return (event) => enveloped(async () => await answer(readStatusRequest(event)));
}

/** What `read` answers for the pairs behind `after`, until the page is large or has taken long. `next` is the name of its last pair. */
async function pageOfPairs<Answer>(
  pairs: readonly string[],
  { after }: { readonly after?: string | undefined },
  read: (pair: string) => Promise<Answer>,
): Promise<Page<readonly Answer[]>> {
  const endsAt = systemClock.now() + LONG_PAGE_MS;
  const answer: Answer[] = [];
  let bytes = 0;
  let place = after === undefined ? 0 : pairs.indexOf(after) + 1;
  while (place < pairs.length) {
    const read1 = await Promise.all(pairs.slice(place, place + PAIRS_AT_ONCE).map(read));
    answer.push(...read1);
    place += read1.length;
    bytes += JSON.stringify(read1).length;
    if (bytes > LARGE_PAGE || systemClock.now() > endsAt) break;
  }
  return place < pairs.length ? { answer, next: pairs[place - 1] } : { answer };
}
