import { unsyncedBucket } from '../model/ledger-entry.ts';
import { type ObjectPath, trustedRef } from '../model/object-path.ts';
import type { OperatorAnswer, OperatorRequest } from '../model/operator-request.ts';
import { refusal, type SyncError } from '../model/sync-error.ts';
import { approveDeletes, resyncPair, retryObjects, startPair, stopPair } from './control-pair.ts';
import type { PairRecords } from './pair-context.ts';
import { takeHint } from './take-hint.ts';

/**
 * Does what an operator asks, pair by pair. `recordsOf` finds a pair's records and throws a sentence when there is no such pair. Throws a
 * `SyncError` for a plan that is not there, for a path with nothing to retry and for one that the pair does not replicate; then nothing was
 * done to that pair. When the deadline (ms) comes before the last object, the answer says how to go on.
 */
export async function answerOperator(
  request: OperatorRequest,
  recordsOf: (pair: string) => PairRecords,
  deadline = Number.POSITIVE_INFINITY,
): Promise<readonly OperatorAnswer[]> {
  const names = request.command === 'approve-deletes' ? [request.pair] : request.pairs;
  // A name that is wrong must not leave half of the request done.
  const chosen = names.map(recordsOf);
  const answers: OperatorAnswer[] = [];
  for (const records of chosen) answers.push({ pair: records.pair, ...(await answer(request, records, deadline)) });
  return answers;
}

async function answer(
  request: OperatorRequest,
  records: PairRecords,
  deadline: number,
): Promise<Omit<OperatorAnswer, 'pair'>> {
  switch (request.command) {
    case 'stop':
      await stopPair(records);
      return { text: 'stopped; copies under way end by themselves' };
    case 'start':
      await startPair(records);
      return { text: 'started; the next poll goes on' };
    case 'resync':
      await resyncPair(records);
      return { text: 'everything is read and compared again, beginning with the next poll' };
    case 'retry': {
      for (const path of request.paths ?? []) await refuseUnlessToBeCopied(records, path);
      const { objects, isDone } = await retryObjects(records, request.paths && new Set(request.paths), deadline);
      const text = objects === 1 ? '1 object is due again' : `${objects} objects are due again`;
      return { text: isDone ? text : `${text}${TIME_OVER}: run it again`, objects };
    }
    case 'notify': {
      const refs = request.paths.map(trustedRef);
      for (const { path } of refs.filter((ref) => !records.rules.isWanted(ref))) throw notReplicated(records, path);
      const id = `operator-${records.clock.now()}-${records.clock.random()}`;
      for (const ref of refs) await takeHint(records, { ref, action: request.action, id });
      const objects = refs.length;
      const what = objects === 1 ? '1 object' : `${objects} objects`;
      return { text: `the next poll looks at ${what} of the primary`, objects };
    }
    case 'approve-deletes': {
      // One that is wrong must not leave the others released.
      for (const plan of request.plans) await refuseUnknownPlan(records, plan);
      const left = new Set(request.plans);
      let objects = 0;
      for (const plan of left) {
        const released = await approveDeletes(records, plan, deadline);
        objects += released.objects;
        if (!released.isDone) break;
        left.delete(plan);
      }
      const text = objects === 1 ? '1 delete is released' : `${objects} deletes are released`;
      // A plan that is done is there no more, and would be refused with the others.
      const next = ['chef-sync-ctl approve-deletes', records.pair, ...left].join(' ');
      return { text: left.size === 0 ? text : `${text}${TIME_OVER}: go on with "${next}"`, objects };
    }
  }
}

/** So many objects that a function has no time for all of them. */
const TIME_OVER = ', and time was over before the last';

async function refuseUnknownPlan({ pair, ledger }: PairRecords, plan: string): Promise<void> {
  const plans = await ledger.plans();
  if (plans.some(({ id }) => id === plan)) return;
  const others = plans.map(({ id, kind, count }) => `${id} (${count} of kind ${kind})`).join(', ');
  const known = others === '' ? 'none of its deletes are held' : `its plans are ${others}`;
  throw refusal('PLAN_UNKNOWN', `${pair} has no plan ${plan}; ${known}.`);
}

/** Whoever names a path waits for something to happen to it. */
async function refuseUnlessToBeCopied({ pair, ledger }: PairRecords, path: ObjectPath): Promise<void> {
  const entry = await ledger.read(path);
  const bucket = entry && unsyncedBucket(entry);
  if (typeof bucket === 'number' || bucket === 'parked') return;
  if (entry?.plan !== undefined) {
    const next = `chef-sync-ctl approve-deletes ${pair} ${entry.plan}`;
    throw refusal('DELETE_HELD', `The delete of ${path} is held, there is nothing to retry: let it go with "${next}".`);
  }
  const next = `see what there is with "chef-sync-ctl unsynced-objects ${pair}"`;
  throw refusal('NOTHING_TO_RETRY', `${path} is not waiting to be copied to ${pair}: ${next}.`);
}

const notReplicated = ({ pair }: PairRecords, path: ObjectPath): SyncError =>
  refusal('NOT_REPLICATED', `${path} is not replicated to ${pair}: its objects, include and exclude leave it out.`);
