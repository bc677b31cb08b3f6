import type { KeyObject } from 'node:crypto';
import { ChefRequestError } from '../model/chef-request-error.ts';
import { NAMED_CONTENT_LIST, OBJECT_KINDS } from '../model/object-kind.ts';
import type { ListPath, ObjectRef } from '../model/object-path.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import { fingerprint } from '../plan/fingerprint.ts';
import { normalisedForm } from '../plan/normalised-form.ts';
import type { ChefOrg } from '../ports/chef-org.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { PairStateStore } from '../ports/pair-state.ts';
import type { WorkQueue } from '../ports/work-queue.ts';

/** What a pair's configuration means to the use cases. */
export interface PairRules {
  readonly source: 'auto' | 'feed' | 'inventory';
  readonly startsWithCopy: boolean;
  readonly drift: 'repair' | 'report';
  /** Share of time an inventory may take, 0–1. */
  readonly inventoryShare: number;
  readonly pollSeconds: number;
  readonly filterHash: string;
  readonly isWanted: (ref: ObjectRef) => boolean;
  readonly isBagWanted: (bag: string) => boolean;
  /** Top-level lists that the filter needs, in the order of an inventory. */
  readonly lists: readonly ListPath[];
}

/** Everything a use case may touch: the five ports of one pair, its rules, and a place for log lines. */
export interface PairContext {
  /** `REPLICA/DESTINATION`. */
  readonly pair: string;
  readonly rules: PairRules;
  readonly fingerprintKey: KeyObject;
  readonly ledger: Ledger;
  readonly state: PairStateStore;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly primary: ChefOrg;
  readonly replica: ChefOrg;
  readonly log: Log;
  /** Guids of organizations that other pairs write to: none of them may be a source. */
  readonly destinationsOfOtherPairs?: () => Promise<ReadonlySet<string>>;
}

/** As much of a pair as is needed to look at it and to steer it: no server, no key. */
export type PairRecords = Pick<PairContext, 'pair' | 'rules' | 'ledger' | 'state' | 'clock'>;

/** As much of a pair as is needed to read both sides: no ledger, no state. */
export type PairSides = Pick<PairContext, 'rules' | 'primary' | 'replica'>;

/** The records of a pair that has a state, and what its fingerprints are made with. */
export type KnownPair = PairRecords & Pick<PairContext, 'fingerprintKey'>;

/** One structured line. Fields never hold a secret or an object's content. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, string | number | boolean>>,
) => void;

export const orgOf = (ctx: Pick<PairSides, Side>, side: Side): ChefOrg =>
  side === 'primary' ? ctx.primary : ctx.replica;

/** The fingerprint of an object's text. Throws a `SyncError` of scope `object` when the text cannot be compared. */
export const fingerprintOf = (ctx: Pick<PairContext, 'fingerprintKey'>, ref: ObjectRef, text: string): string =>
  fingerprint(ctx.fingerprintKey, normalisedForm(ref.kind, text));

/** Whether the object is a definition of a pair that replicates what definitions name. */
export const mayNameContent = ({ rules }: Pick<PairContext, 'rules'>, { kind }: ObjectRef): boolean =>
  OBJECT_KINDS[kind].stage > 1 && rules.lists.includes(NAMED_CONTENT_LIST);

/** Failures that a server or an object can cause; everything else is a fault of ours and is not caught. */
export const isExpectedFailure = (error: unknown): error is ChefRequestError | SyncError =>
  error instanceof ChefRequestError || error instanceof SyncError;
