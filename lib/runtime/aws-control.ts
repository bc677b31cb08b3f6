import { createDynamoDestinations } from '../aws/dynamo-destinations.ts';
import { createDynamoPairState } from '../aws/dynamo-pair-state.ts';
import { removePair } from '../aws/remove-pair.ts';
import type { OperatorAnswer } from '../model/operator-request.ts';
import { SyncError } from '../model/sync-error.ts';
import { answerOperator } from '../sync/answer-operator.ts';
import { openTable, readPackedConfig } from './aws-environment.ts';
import type { LogOf } from './aws-pair-contexts.ts';
import { awsPairRecords, unknownPair } from './aws-pair-records.ts';
import { enveloped, type OperatorEnvelope } from './operator-envelope.ts';
import { type ControlRequest, readControlRequest } from './operator-request-schema.ts';
import { systemClock } from './system-clock.ts';

/** What an operator is told of `forget`; the log keeps it. */
export const FORGOTTEN = 'forgotten; the replica keeps everything';

/** A removal goes on in the next page after this long. */
const LONG_PAGE_MS = 120_000;

/** Does what operators ask. Writes the table alone, never asks a Chef server and reads no key; polls and copiers act on it. */
export function openAwsControl(logOf: LogOf): (event: unknown) => Promise<OperatorEnvelope<readonly OperatorAnswer[]>> {
  const config = readPackedConfig();
  const table = openTable();
  const recordsOf = awsPairRecords(config, table, systemClock);
  const configured = config.pairs.map(({ name }) => name);

  const forget = async (pair: string): Promise<{ readonly isDone: boolean }> => {
    if (configured.includes(pair)) {
      throw refusal(
        `${pair} is still configured: remove it from the configuration and deploy the stack first.`,
        'PAIR_CONFIGURED',
      );
    }
    const state = await createDynamoPairState(table, pair).read();
    const polled = await createDynamoDestinations(table).all();
    if (state === undefined && !polled.has(pair)) throw unknownPair(pair, [...configured, ...polled.keys()]);
    const { leaseUntil = 0 } = state ?? {};
    if (leaseUntil > systemClock.now()) {
      throw refusal(
        `${pair} is still polled, by a poll that began before the last deployment: try again after ${new Date(leaseUntil).toISOString()}.`,
        'PAIR_POLLED',
      );
    }
    return await removePair(table, pair, systemClock.now() + LONG_PAGE_MS, systemClock);
  };

  const answer = async (request: ControlRequest) => {
    if (request.command !== 'forget') {
      const known = (name: string) => {
        const records = recordsOf(name);
        if (records === undefined) throw unknownPair(name, configured);
        return records;
      };
      return { answer: await answerOperator(request, known) };
    }
    const { pair } = request;
    const { isDone } = await forget(pair);
    return isDone ? { answer: [{ pair, text: FORGOTTEN }] } : { answer: [], next: pair };
  };
  return (event) =>
    enveloped(async () => {
      const page = await answer(readControlRequest(event));
      for (const { pair, text } of page.answer) logOf(pair)('info', `an operator asked: ${text}`);
      return page;
    });
}

const refusal = (sentence: string, code: string): SyncError =>
  new SyncError(sentence, { code, scope: 'pair', retry: 'never' });
