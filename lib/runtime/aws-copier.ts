import { readCopyMessage } from '../aws/copy-message-body.ts';
import { laneOf } from '../aws/sqs-work-queue.ts';
import type { CopyMessage } from '../model/copy-message.ts';
import { retryAt } from '../model/ledger-entry.ts';
import { type CopyWatch, copyObjects } from '../sync/copy-objects.ts';
import type { Log } from '../sync/pair-context.ts';
import { type AwsPair, type LogOf, openAwsPairContexts } from './aws-pair-contexts.ts';
import { faultText } from './fault-text.ts';
import { NOTHING_TO_SEND } from './nothing-to-send.ts';

/** Nothing is begun with less time than this: a request with its tries ends within 60 s, and the ledger must still be told. */
const LEAST_TIME_LEFT_MS = 75_000;

/** A message of a batch, as SQS delivered it. */
export interface DeliveredRecord {
  readonly id: string;
  readonly groupId: string;
  readonly queueArn: string;
  readonly body: string;
}

/** Copies the objects of one batch per invocation. */
export interface Copier {
  /**
   * Works on the groups of a batch side by side, and on each in its order. Answers the ids of the messages that must come again: those of
   * which the ledger could not be told how they ended, and the rest of their groups.
   */
  copy(records: readonly DeliveredRecord[], remainingMs: () => number): Promise<readonly string[]>;
}

/** Makes everything that every batch of this execution environment shares. */
export function openAwsCopier(logOf: LogOf, log: Log): Copier {
  const home = openAwsPairContexts(logOf, () => ({
    queueOf: () => NOTHING_TO_SEND,
    requestsInFlight: ({ requestsPerCopier }) => requestsPerCopier,
  }));

  const copyGroup = async (
    pair: AwsPair,
    messages: readonly CopyMessage[],
    watch: Required<Pick<CopyWatch, 'isTimeOver' | 'onRecorded'>> & Pick<CopyWatch, 'lane'>,
  ): Promise<void> => {
    const ctx = await pair.context();
    if (ctx !== undefined) {
      await copyObjects(ctx, messages, watch);
      return;
    }
    // A key is missing: the pair is paused, and its objects are due again when the pause is over.
    const until = (await pair.records.state.read())?.paused?.until;
    for (const message of messages) {
      const { path, version } = message;
      await pair.records.ledger.update(path, (entry) => retryAt(entry, { version, at: until }));
      watch.onRecorded(message);
    }
  };

  return {
    async copy(records, remainingMs) {
      const isTimeOver = (): boolean => remainingMs() < LEAST_TIME_LEFT_MS;
      const open = new Set(records.map(({ id }) => id));
      const groups = Map.groupBy(records, ({ groupId }) => groupId);
      await Promise.all(
        [...groups.values()].map(async (group) => {
          const ids = new Map<CopyMessage, string>();
          for (const { id, body } of group) {
            const message = readCopyMessage(body);
            if (message !== undefined) {
              ids.set(message, id);
              continue;
            }
            // Delivered again it would be the same.
            log('error', 'a message is none of ours and is removed', { message: id });
            open.delete(id);
          }
          for (const [name, messages] of Map.groupBy(ids.keys(), (message) => message.pair)) {
            const acknowledge = (message: CopyMessage): void => void open.delete(ids.get(message) ?? '');
            const pair = home.pair(name);
            if (pair === undefined) {
              log('info', 'a message of a pair that is not configured any more is removed', { pair: name });
              for (const message of messages) acknowledge(message);
              continue;
            }
            try {
              await copyGroup(pair, messages, {
                isTimeOver,
                lane: laneOf(group[0]?.queueArn ?? ''),
                onRecorded: acknowledge,
              });
            } catch (error) {
              logOf(name)(
                'error',
                `the ledger could not be told how a copy ended, so its message comes again: ${faultText(error)}`,
              );
            }
          }
        }),
      );
      home.logRequests(log);
      return records.map(({ id }) => id).filter((id) => open.has(id));
    },
  };
}
