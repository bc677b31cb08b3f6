import { isMessageOut, type LedgerEntry, unsyncedBucket } from '../model/ledger-entry.ts';
import { KIND_ROWS, OBJECT_KINDS, type ObjectKindRow, type Stage } from '../model/object-kind.ts';
import { listOf, type ObjectPath, trustedRef } from '../model/object-path.ts';
import type { Run } from '../model/pair-state.ts';
import { isDeletePhase, PHASES, type Phase, stageOf } from '../model/phase.ts';

/** An upsert that failed this often no longer keeps the later upsert phases of its run closed: one bad object never stops the others. */
export const FAILURES_THAT_OPEN_A_PHASE = 3;
/** Deletes of one run; the rest go with the next, so that uploads never wait long. */
export const DELETES_PER_RUN = 200;
/** Messages of a pair that may be out at a time: enough to keep every copier busy, few enough to stop quickly. */
export const MESSAGES_OUT = 500;

/** What the gate knows of the pending entries. Entries may be a part of a long backlog, oldest first, as long as they suffice to decide. */
export interface Backlog {
  readonly run: Run;
  readonly pending: readonly LedgerEntry[];
  /** Stages with a parked object: as it is on the replica it may still point at what a delete would remove. */
  readonly parkedStages: ReadonlySet<Stage>;
  readonly now: number;
  /** Messages sent before this are gone: the queue in memory began then. */
  readonly queueBeganAt: number;
  /** Deletes that the guard has not let go. A copy that began before the object was observed as deleted may still be writing. */
  readonly held: readonly LedgerEntry[];
  /**
   * A role or environment that is to leave the replica, its delete not confirmed or not let go. The guard released no delete of a cookbook
   * version beside one, but it may have come since.
   */
  readonly leavingDefinition?: ObjectPath;
  /** `run --once` does not come back for what waits for its next attempt, so that keeps no phase closed. */
  readonly isOnePass?: boolean;
}

export interface Dispatch {
  /** Entries to send now, in order. */
  readonly send: readonly LedgerEntry[];
  /** Nothing of the run is left to wait for; the next may start. */
  readonly isRunOver: boolean;
  /** Messages that are out. */
  readonly outCount: number;
  /** Why deletes of the run wait, for status. */
  readonly deletesWait?: string;
}

const isOut = (entry: LedgerEntry, { now, queueBeganAt }: Backlog): boolean => isMessageOut(entry, now, queueBeganAt);

const isDue = (entry: LedgerEntry, backlog: Backlog): boolean =>
  !isOut(entry, backlog) && ((entry.nextAttemptAt ?? 0) <= backlog.now || entry.sentAt !== undefined);

/** What it names may not be listed, or was listed too late for this run to copy it first. */
const isAheadOf = (run: Run, entry: LedgerEntry): boolean =>
  (entry.waitsForContent ?? -1) > (run.contentListedAt ?? -1);

/** When the last of them was seen that waits for a list of the content that it may name; undefined when none does. */
export const awaitedSince = (pending: readonly LedgerEntry[]): number | undefined => {
  const since = pending.flatMap(({ waitsForContent }) => waitsForContent ?? []);
  return since.length === 0 ? undefined : Math.max(...since);
};

/** Failed too often, or for this one pass, to keep a phase closed. */
const isFailing = (entry: LedgerEntry, backlog: Backlog): boolean => {
  if (entry.attempts >= FAILURES_THAT_OPEN_A_PHASE) return true;
  return backlog.isOnePass === true && entry.attempts > 0 && !isOut(entry, backlog) && !isDue(entry, backlog);
};

/**
 * What may be sent. Upserts of stage 1, 2, 3, then deletes of stage 3, 2, 1; a phase opens when the earlier ones have no unsettled entry
 * of the run. Newer stage-1 upserts join at any time before the deletes. While a delete is out nothing else is: servers collect unused
 * checksums, so uploads and deletes of one organization never overlap.
 */
export function gatePhases(backlog: Backlog): Dispatch {
  const rows = new Map<Phase, LedgerEntry[]>(PHASES.map((phase) => [phase, []]));
  for (const entry of backlog.pending) {
    const bucket = unsyncedBucket(entry);
    if (typeof bucket === 'number') rows.get(bucket)?.push(entry);
  }
  const of = (phase: Phase): readonly LedgerEntry[] => rows.get(phase) ?? [];
  const ofRun = (phase: Phase): readonly LedgerEntry[] =>
    of(phase).filter((entry) => (entry.pendingSince ?? 0) <= backlog.run.startedAt && !isAheadOf(backlog.run, entry));
  const outCount = backlog.pending.filter((entry) => isOut(entry, backlog)).length;
  const room = MESSAGES_OUT - outCount;
  const isDeleteOut = PHASES.some((phase) => isDeletePhase(phase) && of(phase).some((entry) => isOut(entry, backlog)));

  const closing = PHASES.find(
    (phase) => !isDeletePhase(phase) && ofRun(phase).some((entry) => !isFailing(entry, backlog)),
  );
  if (!isDeleteOut) {
    // When only failing upserts are left they keep no phase closed, and still are tried whenever their time comes.
    const open =
      closing === undefined
        ? PHASES.filter((phase) => !isDeletePhase(phase)).flatMap(ofRun)
        : PHASES.filter((phase) => phase <= closing).flatMap((phase) => (phase === 1 ? of(phase) : ofRun(phase)));
    const send = open.filter((entry) => isDue(entry, backlog)).slice(0, room);
    if (closing !== undefined || send.length > 0) return { send, isRunOver: false, outCount };
  } else if (closing !== undefined) {
    // A held delete of the run was observed as an upsert: no delete is sent before it is copied.
    return { send: [], isRunOver: false, outCount };
  }
  const deletes = openDeletes(ofRun, of, backlog);
  if (deletes.entries.length > 0) {
    const isUpsertOut = (outCount > 0 && !isDeleteOut) || backlog.held.some((entry) => isOut(entry, backlog));
    // A data bag goes when nothing of it waits to be deleted: of its members one may fail, or be held.
    const occupied = new Set([...deletes.entries, ...backlog.held].map(({ path }) => listOf(trustedRef(path))));
    const due = deletes.entries.filter((entry) => isDue(entry, backlog) && !occupied.has(entry.path));
    const allowed = Math.max(0, Math.min(room, DELETES_PER_RUN - backlog.run.deletesSent));
    const send = isUpsertOut ? [] : due.slice(0, allowed);
    if (isDeleteOut || send.length > 0 || (isUpsertOut && due.length > 0 && allowed > 0)) {
      return { send, isRunOver: false, outCount, deletesWait: deletes.wait };
    }
  }
  return { send: [], isRunOver: !isDeleteOut, outCount, deletesWait: deletes.wait };
}

/** The first delete phase with entries of the run, unless it waits for something of a later stage. */
function openDeletes(
  ofRun: (phase: Phase) => readonly LedgerEntry[],
  of: (phase: Phase) => readonly LedgerEntry[],
  backlog: Backlog,
): { readonly entries: readonly LedgerEntry[]; readonly wait?: string } {
  const phase = PHASES.find((p) => isDeletePhase(p) && ofRun(p).length > 0);
  if (phase === undefined) return { entries: [] };
  const stage = stageOf(phase);
  const what = kindsOf((row) => row.stage === stage);
  const later = PHASES.filter((p) => !isDeletePhase(p) && stageOf(p) > stage);
  const upserts = later.flatMap(of);
  const failing = upserts.find((entry) => isFailing(entry, backlog));
  if (failing !== undefined) return { entries: [], wait: `deletes of ${what} wait for ${failing.path}, which fails` };
  const early = upserts.find((entry) => isAheadOf(backlog.run, entry));
  if (early !== undefined)
    return { entries: [], wait: `deletes of ${what} wait for ${early.path}, which waits for what it may name` };
  const newer = PHASES.filter((p) => isDeletePhase(p) && stageOf(p) > stage).flatMap(of)[0];
  if (newer !== undefined)
    return {
      entries: [],
      wait: `deletes of ${what} wait for the delete of ${newer.path}, which comes with the next run`,
    };
  if (later.some((p) => backlog.parkedStages.has(stageOf(p)))) {
    return { entries: [], wait: `deletes of ${what} wait for a parked role or environment, which may name them` };
  }
  const { leavingDefinition } = backlog;
  if (leavingDefinition === undefined) return { entries: ofRun(phase) };
  return {
    entries: ofRun(phase).filter((entry) => !isNamedDelete(entry)),
    wait: `deletes of ${kindsOf((row) => row.isNamedByDefinitions)} wait for ${leavingDefinition}, which may name them and is to be deleted first`,
  };
}

/** These kinds in the words of the configuration, `cookbooks and data bags`. */
const kindsOf = (isMeant: (row: ObjectKindRow) => boolean): string =>
  [...new Set(KIND_ROWS.filter(isMeant).map(({ objectsWord }) => objectsWord.replace('_', ' ')))].join(' and ');

/** Removes what a role or environment may name. */
export const isNamedDelete = ({ action, path }: LedgerEntry): boolean =>
  action === 'delete' && OBJECT_KINDS[trustedRef(path).kind].isNamedByDefinitions;
