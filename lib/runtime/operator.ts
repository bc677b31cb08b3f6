import type { OperatorAnswer, OperatorRequest } from '../model/operator-request.ts';
import type { PairStatus } from '../sync/pair-status.ts';
import { allUnsynced, type UnsyncedFilter, type UnsyncedObject, type UnsyncedPage } from '../sync/unsynced-objects.ts';
import type { WorkUnderWay } from '../sync/work-under-way.ts';
import type { LogReader } from './read-log.ts';

/** A pair that an operator can name. */
export interface KnownPair {
  /** `REPLICA/DESTINATION`. */
  readonly name: string;
  readonly replicaName: string;
  /** False: only the state knows it, the configuration does so no more. Without a configuration every pair counts as configured. */
  readonly isConfigured: boolean;
  /** Of the filter that a stack was deployed with. */
  readonly filterHash?: string | undefined;
}

/** An object that was settled. */
export interface RecentCopy {
  readonly path: string;
  readonly action: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The name of a replica begins the name of each of its pairs and holds no slash. */
export function replicaNameOf(pair: string): string {
  const [replicaName = pair] = pair.split('/', 1);
  return replicaName;
}

/**
 * The pairs of one home, as its operator sees and steers them: on this machine or on AWS. Every failure is a `SyncError`, a sentence with
 * its next step. Names of pairs are those that `pairs` answered.
 */
export interface Operator {
  /** What a `chef-sync-ctl` command ends in to reach this home from where the operator is: nothing, ` --config FILE` or ` --stack NAME`. */
  readonly address: string;
  /** In the order of the configuration, then those that only the state knows. */
  pairs(): Promise<readonly KnownPair[]>;
  /** How each of them is, in their order. */
  status(pairs: readonly string[]): Promise<readonly PairStatus[]>;
  /** Objects of a pair that are not in sync, a page that begins at `after`; {@link unsyncedOf} collects them all. */
  unsyncedPage(pair: string, filter: UnsyncedFilter, after?: string): Promise<UnsyncedPage>;
  /** The objects of a pair that were last copied or found equal, newest first. A home that does not know them cheaply has none of this. */
  recentCopies?(pair: string, limit: number): Promise<readonly RecentCopy[]>;
  /** Does what is asked, as `answerOperator`. */
  answer(request: OperatorRequest): Promise<readonly OperatorAnswer[]>;
  /** What each of the pairs is doing at this moment, in their order. */
  underWay(pairs: readonly string[]): Promise<readonly WorkUnderWay[]>;
  /** Whether a process polls the pairs at this moment. A stack has none of this: its schedules do. */
  hasDaemon?(): boolean;
  /**
   * Removes everything that the home's state knows of a pair. Both organizations stay as they are. Throws while the pair is configured or
   * still polled.
   */
  forget(pair: string): Promise<void>;
  /** The log of a pair, or without one what concerns no pair. Reads nothing yet. */
  log(pair?: string): LogReader;
  /** How often it is worth looking again, in milliseconds. */
  readonly lookEveryMs: number;
  close(): void;
}

/** Every object of a pair that is not in sync, by path. */
export const unsyncedOf = (
  operator: Pick<Operator, 'unsyncedPage'>,
  pair: string,
  filter: UnsyncedFilter = {},
): Promise<readonly UnsyncedObject[]> => allUnsynced((after) => operator.unsyncedPage(pair, filter, after));
