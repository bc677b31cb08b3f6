import type { ObjectKind } from './object-kind.ts';
import type { ListPath, ObjectPath } from './object-path.ts';
import type { SyncErrorFacts } from './sync-error.ts';

/**
 * What an operator asks to be looked into. A job reads whole organizations, which may take hours, so it is worked in slices: `startJob`
 * makes the first value, `workJob` (lib/sync/work-job.ts) works on it until a deadline and answers the next value with the lines it found.
 * On one machine slices follow each other in one process; on AWS each is an invocation of the inspector. Everything here is plain JSON.
 */
export type JobRequest =
  /** Both sides read and compared, object by object. */
  | {
      readonly command: 'check';
      readonly pair: string;
      /** Equal objects are lines too; they are always counted. */
      readonly listsEqual: boolean;
      /** Cookbook files are downloaded from both sides and hashed, not only compared by the checksums of their manifests. */
      readonly readsFiles?: boolean;
    }
  /** What polls would do now, as far as reading both sides completely tells; nothing is written. */
  | { readonly command: 'plan'; readonly pair: string }
  /** A check whose missing and different objects are due to be copied afterwards. Deletes nothing. */
  | { readonly command: 'repair'; readonly pair: string }
  /**
   * These objects, which only the replica has and an operator has seen, are handed to the delete guard. Small enough to travel: at most
   * {@link MOST_EXTRA_DELETES}.
   */
  | { readonly command: 'delete-extra'; readonly pair: string; readonly paths: readonly ObjectPath[] }
  /** Servers are examined, one after the other. Changes nothing, unless objects may be made and removed for a test. */
  | {
      readonly command: 'doctor';
      readonly targets: readonly DoctorTarget[];
      /** On replicas, objects of every kind are made and removed again. Never on the primary. */
      readonly writesProbes?: boolean;
      /** Each server answers a few seconds of reads, at most as many at a time as the configuration allows. */
      readonly measuresLoad?: boolean;
    };

/** A server of the configuration, with those of its organizations that are to be examined. */
export interface DoctorTarget {
  /** `primary`, or the replica's name. */
  readonly server: string;
  readonly organizations: readonly {
    /** Null for a server without organizations. */
    readonly name: string | null;
    /** The top-level lists that its pairs need. */
    readonly lists: readonly ListPath[];
  }[];
}

/** Extra objects that one request may name: with long names some 100 KB, and a person can still look through them. */
export const MOST_EXTRA_DELETES = 1_000;

/** A job as it is after its last slice: small, and all that the next slice needs. */
export interface Job {
  readonly request: JobRequest;
  readonly startedAt: number;
  /** Where the next slice goes on. Absent: the job has not begun, or is over. */
  readonly place?: JobPlace;
  /** What was found so far. */
  readonly counts: JobCounts;
  /** Objects of a walk that were looked at so far, and lists that cannot be read; absent before the first slice and of other jobs. */
  readonly looked?: number;
  /** The job is over. */
  readonly endedAt?: number;
  /** Why it ended before it was done. What it found until then is true all the same. */
  readonly problem?: JobProblem;
}

/** In a walk over both sides, or in the request's own list. */
export type JobPlace = WalkPlace | { readonly index: number };

/** Behind that member of that list. */
export interface WalkPlace {
  readonly list: ListPath;
  /** Name in the list, as `nameInList` spells it; absent: at the beginning of the list. */
  readonly after?: string;
}

export type JobCounts = Readonly<Partial<Record<JobCounter, number>>>;

/** Objects by their sign, findings of a doctor by their verdict, and what a plan counts. */
export type JobCounter = ObjectLine['sign'] | Finding['verdict'] | PlanCounter;

/** What polls do by kind, `upsert role`; what polls do not touch; and what the deletes of each kind are decided by. */
export type PlanCounter =
  | 'unreadable'
  | 'only on the replica'
  | `${'upsert' | 'delete' | 'leave'} ${ObjectKind}`
  /** `live`: members, as the guard counts them. `asks`: deletes that it was not asked about. `keeps`: left, and deletes wait for it. */
  | `${'live' | 'asks' | 'keeps'} ${ObjectKind}`;

export interface JobProblem extends Pick<SyncErrorFacts, 'code' | 'scope' | 'side'> {
  /** One sentence for an operator, with the next step. */
  readonly text: string;
}

/** What a slice found, in the order of the walk. */
export type JobLine = ObjectLine | PlanLine | PlanNote | Finding;

/** One object of either side: `=` equal, `+` only on the primary, `-` only on the replica, `*` different, `!` not readable. */
export interface ObjectLine {
  readonly sign: '=' | '+' | '-' | '*' | '!';
  /** Of a list that cannot be read, the list. */
  readonly path: ObjectPath | ListPath;
  /** Names of the fields and files that differ, never their values. */
  readonly fields?: readonly string[];
  /** Why it is not readable, in one sentence. */
  readonly reason?: string;
}

/** What polls would do with one object. */
export interface PlanLine {
  /** `leave`: it differs, and stays so until the reason goes away. `unreadable`: nobody can tell. */
  readonly action: 'upsert' | 'delete' | 'leave' | 'unreadable';
  /** Of a list that cannot be read, the list. */
  readonly path: ObjectPath | ListPath;
  readonly reason: string;
}

/** What a plan says of the pair as a whole. */
export interface PlanNote {
  /** Stable, lower case, for `--json`. */
  readonly note:
    | 'first poll'
    | 'baseline'
    | 'new epoch'
    | 'stopped'
    | 'waiting'
    | 'wrong organization'
    | 'deletes pass'
    | 'deletes held'
    | 'deletes wait';
  /** One sentence. */
  readonly text: string;
}

/** One thing that a doctor looked at. */
export interface Finding {
  /** `primary`, or the replica's name. */
  readonly server: string;
  /** Absent: it is about the whole server. Null: the server has no organizations. */
  readonly organization?: string | null;
  /** What was looked at, lower case. */
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'failure';
  /** One sentence; of a warning and a failure it ends with the next step. */
  readonly text: string;
}

/** A slice that ended. A slice that is repeated, because its end was not stored, finds the same and does no harm. */
export interface JobSlice {
  readonly job: Job;
  readonly lines: readonly JobLine[];
}

/** The counts with one more of these. */
export const countOne = (counts: JobCounts, counter: JobCounter): JobCounts => ({
  ...counts,
  [counter]: (counts[counter] ?? 0) + 1,
});

/** What a slice came to that stopped at `place`; without one the job is over. */
export const endSlice = (
  job: Job,
  { lines, ...end }: Pick<Job, 'place' | 'counts' | 'looked'> & Pick<JobSlice, 'lines'>,
  now: number,
): JobSlice => ({ job: { ...job, ...end, endedAt: end.place === undefined ? now : undefined }, lines });

/** The job before its first slice. */
export const startJob = (request: JobRequest, now: number): Job => ({ request, startedAt: now, counts: {} });

/** Nothing is left to be worked on. */
export const isJobOver = (job: Job): boolean => job.endedAt !== undefined;
