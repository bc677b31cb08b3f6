import { ChefRequestError } from '../model/chef-request-error.ts';
import type { CopyMessage } from '../model/copy-message.ts';
import { begin, noteCopyEnded, park, retryAt } from '../model/ledger-entry.ts';
import { ATTEMPTS_BEFORE_PARKING, PARKED_RETRY_MS } from '../plan/backoff.ts';
import { applyDeletes } from './apply-deletes.ts';
import { applyUpsert, readSource } from './apply-upsert.ts';
import { awaitContent, mustAwaitContent } from './await-content.ts';
import { judge } from './breaker.ts';
import { type Begun, type CopyOutcome, recordFailure } from './copy-attempt.ts';
import { isExpectedFailure, type PairContext } from './pair-context.ts';

/** For copiers that are watched: on AWS their time is limited, and part of a batch can be acknowledged. */
export interface CopyWatch {
  /** Nothing new is begun any more; what is left is due again at once. */
  readonly isTimeOver?: () => boolean;
  /** Where the messages came from: those of a lane that the pair has left do nothing, as its new lane has their objects. */
  readonly lane?: string;
  /** The ledger knows how the message ended. */
  readonly onRecorded?: (message: CopyMessage) => void;
}

/**
 * Copies the objects of messages of one group, in their order: the object's current state on the primary is applied to the replica and
 * its ledger entry settled, or its failure recorded. Deletes that follow each other share their evidence. Outcomes come in the order in which
 * they were reached. Rejects only when the ledger itself cannot be written: then, and only then, the messages that were not recorded must
 * come again.
 */
export async function copyObjects(
  ctx: PairContext,
  messages: readonly CopyMessage[],
  { isTimeOver, lane, onRecorded }: CopyWatch = {},
): Promise<readonly CopyOutcome[]> {
  const outcomes: CopyOutcome[] = [];
  let deletes: { readonly message: CopyMessage; readonly begun: Begun }[] = [];
  const record = (message: CopyMessage, outcome: CopyOutcome): void => {
    outcomes.push(outcome);
    onRecorded?.(message);
  };
  const flush = async (): Promise<void> => {
    const begun = deletes.map((one) => one.begun);
    if (begun.length > 0) outcomes.push(...(await applyDeletes(ctx, begun, (one) => attempt(ctx, one))));
    for (const { message } of deletes) onRecorded?.(message);
    deletes = [];
  };
  for (const message of messages) {
    const begun = isTimeOver?.() === true ? await postpone(ctx, message) : await beginAttempt(ctx, message, lane);
    if (typeof begun === 'string') {
      record(message, begun);
    } else if (begun.entry.action === 'delete') {
      deletes.push({ message, begun });
    } else {
      await flush();
      record(message, await attempt(ctx, begun));
    }
  }
  await flush();
  return outcomes;
}

/** No time is left for this one: it is sent again, and no attempt is counted. */
async function postpone(ctx: PairContext, { path, version }: CopyMessage): Promise<CopyOutcome> {
  await ctx.ledger.update(path, (entry) => retryAt(entry, { version, at: ctx.clock.now() }));
  return 'waiting';
}

/** Counts the attempt, unless the pair is stopped, paused or in another lane, or the message superseded. */
async function beginAttempt(
  ctx: PairContext,
  { path, version }: CopyMessage,
  lane: string | undefined,
): Promise<Begun | CopyOutcome> {
  const state = await ctx.state.read();
  if (state === undefined) return 'superseded';
  if (lane !== undefined && state.lane !== undefined && state.lane.name !== lane) return 'superseded';
  const now = ctx.clock.now();
  const pausedUntil = state.paused?.until ?? 0;
  if (state.isStopped || pausedUntil > now) {
    await ctx.ledger.update(path, (entry) => retryAt(entry, { version, at: state.isStopped ? now : pausedUntil }));
    return 'waiting';
  }
  const { isChanged, entry } = await ctx.ledger.update(path, (current) => begin(current, version));
  if (!isChanged || entry === undefined) {
    await ctx.ledger.update(path, (current) => noteCopyEnded(current, version, now));
    return 'superseded';
  }
  if (entry.attempts > ATTEMPTS_BEFORE_PARKING) {
    const text = `The copy of the object was begun ${ATTEMPTS_BEFORE_PARKING} times and never ended: look for an object that is too large for its copier.`;
    await ctx.ledger.update(path, (current) =>
      park(current, { version, at: now + PARKED_RETRY_MS, error: { code: 'NEVER_ENDED', text } }),
    );
    return 'parked';
  }
  return { entry, state };
}

/** One upsert, and whatever its failure means. */
async function attempt(ctx: PairContext, begun: Begun): Promise<CopyOutcome> {
  let seen: string | undefined;
  try {
    const source = await readSource(ctx, begun);
    seen = source.fingerprint;
    if (await mustAwaitContent(ctx, begun, source)) return await awaitContent(ctx, begun, source);
    return await applyUpsert(ctx, begun, source);
  } catch (error) {
    if (!isExpectedFailure(error)) throw error;
    return await recordFailure(ctx, begun, await judge(ctx, error), { hasProgressed: hasProgressed(error), seen });
  }
}

/** Files that were committed and are missing all the same are no progress: that could go on for ever. */
const hasProgressed = (error: Error): boolean =>
  error instanceof ChefRequestError && error.failure.hasProgressed === true && error.failure.isMissingChecksum !== true;
