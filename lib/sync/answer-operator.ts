import type { OperatorAnswer, OperatorRequest } from '../model/operator-request.ts';
import { approveDeletes, resyncPair, retryObjects, startPair, stopPair } from './control-pair.ts';
import type { PairRecords } from './pair-context.ts';

/** Does what an operator asks, pair by pair. `recordsOf` finds a pair's records and throws a sentence when there is no such pair. */
export async function answerOperator(
  request: OperatorRequest,
  recordsOf: (pair: string) => PairRecords,
): Promise<readonly OperatorAnswer[]> {
  const names = request.command === 'approve-deletes' ? [request.pair] : request.pairs;
  // A name that is wrong must not leave half of the request done.
  const chosen = names.map(recordsOf);
  const answers: OperatorAnswer[] = [];
  for (const records of chosen) answers.push({ pair: records.pair, ...(await answer(request, records)) });
  return answers;
}

async function answer(request: OperatorRequest, records: PairRecords): Promise<Omit<OperatorAnswer, 'pair'>> {
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
      const objects = await retryObjects(records, request.paths && new Set(request.paths));
      return { text: `${objects} objects are due again`, objects };
    }
    case 'approve-deletes': {
      const objects = await approveDeletes(records, request.plan);
      const text =
        objects === 0 ? `there is no plan ${request.plan} with deletes to release` : `${objects} deletes are released`;
      return { text, objects };
    }
  }
}
