import { isUnsettled, type LedgerEntry, unsyncedBucket } from '../../lib/model/ledger-entry.ts';
import type { ObjectKind } from '../../lib/model/object-kind.ts';
import { type ObjectPath, type ObjectRef, trustedRef } from '../../lib/model/object-path.ts';
import type { PairState } from '../../lib/model/pair-state.ts';
import { ATTEMPTS_BEFORE_PARKING } from '../../lib/plan/backoff.ts';
import { FAILURES_THAT_OPEN_A_PHASE } from '../../lib/plan/gate-phases.ts';
import type { WriteWatch } from './memory-chef-org.ts';
import type { MemoryOrg } from './memory-org.ts';
import { SECRET, usedCookbooks } from './object-texts.ts';
import type { Actor } from './scheduler.ts';

/** The promises of the design, by name: the first four and the last three are its six, the others say how they are kept. */
export const INVARIANTS = [
  /** Replica = primary for every object that is not reported as unsynced. */
  'NothingLost',
  /** Every delete had its evidence and passed the guard, and what is not ours is not touched. */
  'NothingDeletedByMistake',
  /** "In sync" only if it is. */
  'StatusTruth',
  /**
   * What a role or an environment names is on the replica: in orderly worlds at every step, elsewhere as far as the gate of the phases can
   * know.
   */
  'ReferencesValid',
  /** No object is tried for ever. */
  'AttemptsBounded',
  /** A settled object is not written again without cause. */
  'NoNeedlessCopy',
  /** No content of an object is in the ledger, in a message or in a log line. */
  'SecretsKept',
  /** What can be done is done in the end: one bad object never stops the others. */
  'NothingStuck',
  /** The code under test neither throws nor hangs. */
  'NoFault',
] as const;

export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly text: string;
  readonly at: number;
  readonly path?: ObjectPath;
  /** Another object that has a part in it. */
  readonly other?: ObjectPath;
}

/** What the invariants look at. All of it is the truth, read without taking time. */
export interface Truth {
  readonly primary: MemoryOrg;
  readonly replica: MemoryOrg;
  readonly now: () => number;
  readonly entry: (path: ObjectPath) => LedgerEntry | undefined;
  readonly state: () => PairState | undefined;
  readonly isWanted: (ref: ObjectRef) => boolean;
  /** Whether somebody else than the copiers had a hand in this object of the replica. */
  readonly wasEdited: (path: ObjectPath) => boolean;
  /** Whether a request about this object arrived late, or got a false answer. */
  readonly wasMisled: (path: ObjectPath) => boolean;
  /** Whether an operator ever let a delete of the object go. */
  readonly wasApproved: (path: ObjectPath) => boolean;
  /** How many objects of the kind the ledger knows, without those that it knows to be deleted. */
  readonly liveEntries: (kind: ObjectKind) => number;
  /** Whether the primary's object is as the ledger last saw it. */
  readonly isAsSeen: (path: ObjectPath) => boolean;
  /** Nothing fails and nobody else has a hand in either side: what is written or deleted must leave every reference valid. */
  readonly hasValidReferences: boolean;
  /** Whether the replica failed, and so may have lied, since then. */
  readonly hasReplicaFailedSince: (time: number) => boolean;
}

export interface Invariants extends Pick<WriteWatch, 'written' | 'removed'> {
  /** A ledger entry is about to change. */
  decided(before: LedgerEntry | undefined, after: LedgerEntry): void;
  /** A process writes that down, sends it or says it. */
  told(what: unknown, path?: ObjectPath): void;
  /** The differences between both sides that nobody reports. */
  unreportedDifferences(): readonly { readonly path: ObjectPath; readonly text: string }[];
  report(invariant: Invariant, text: string, path?: ObjectPath, other?: ObjectPath): void;
  readonly violations: readonly Violation[];
}

/** The guard's rule of the half holds above three; lists may have shown one or two less than the ledger knows. */
const FEW = 5;
const DAY_MS = 24 * 60 * 60_000;
/** Of one object: each version may be tried at once, and again once a poll while a server fails. */
const A_WHILE_MS = 10 * 60_000;
const MOST_ATTEMPTS_IN_A_WHILE = 40;

export function createInvariants(truth: Truth): Invariants {
  const { primary, replica, now } = truth;
  const violations: Violation[] = [];
  /** When attempts began lately. */
  const attemptsAt = new Map<ObjectPath, readonly number[]>();
  /** When the guard last let a delete of the object go. */
  const releasedAt = new Map<ObjectPath, number>();
  /** Releases of what was deleted on the replica and nobody approved, and the most objects of the kind that there were. */
  const releases = new Map<ObjectKind, number[]>();
  const mostLive = new Map<ObjectKind, number>();
  /** When a delete was last released while there were few of its kind. */
  const fewAt = new Map<ObjectKind, number>();
  /** Since when a copy is begun that has not ended well. */
  const claimedAt = new Map<ObjectPath, number>();
  const report = (invariant: Invariant, text: string, path?: ObjectPath, other?: ObjectPath): void => {
    violations.push({ invariant, text, at: now(), path, other });
  };

  function told(what: unknown, path?: ObjectPath): void {
    if (JSON.stringify(what).includes(SECRET)) report('SecretsKept', 'told the content of a data bag item', path);
  }

  function checkReferences(path: ObjectPath, text: string): void {
    const runStartedAt = truth.state()?.run.startedAt ?? 0;
    for (const cookbook of usedCookbooks(path, text)) {
      if (replica.get(cookbook) !== undefined || !truth.isWanted(trustedRef(cookbook))) continue;
      if (truth.hasValidReferences)
        report('ReferencesValid', `written while the replica lacks ${cookbook}`, path, cookbook);
      const entry = truth.entry(cookbook);
      const isOfRun = entry !== undefined && isUnsettled(entry) && (entry.pendingSince ?? 0) <= runStartedAt;
      if (isOfRun && entry.action === 'upsert' && entry.attempts < FAILURES_THAT_OPEN_A_PHASE) {
        report('ReferencesValid', `written while ${cookbook}, which it names, waits in the same run`, path, cookbook);
      }
    }
  }

  /**
   * Of more than three the guard lets half go in 24 hours, whenever they are deleted then, of the lists as they were last read, which is
   * why this is no exact count. Of three or fewer it lets all go, so nothing is known of the day in which there were so few. What an
   * operator approved does not count.
   */
  function checkGuard(victim: ObjectPath): void {
    if (truth.wasApproved(victim)) return;
    const { kind } = trustedRef(victim);
    const released = releasedAt.get(victim) ?? now();
    const earlier = releases.get(kind) ?? [];
    releases.set(kind, [...earlier, released]);
    if ((fewAt.get(kind) ?? 0) > released - DAY_MS) return;
    const lately = [...earlier.filter((at) => Math.abs(at - released) < DAY_MS), released];
    const most = mostLive.get(kind) ?? 0;
    if (lately.length > most / 2 + 1)
      report(
        'NothingDeletedByMistake',
        `deleted as number ${lately.length} of at most ${most} within 24 hours`,
        victim,
      );
  }

  function checkRemoval(actor: Actor, path: ObjectPath, victim: ObjectPath): void {
    const found = replica.get(victim);
    // Whatever appeared after the copier looked cannot be told from what it saw: Chef has no conditional delete.
    if (found === undefined || found.at >= actor.startedAt) return;
    if (!primary.wasAbsentSince(victim, actor.startedAt)) {
      report('NothingDeletedByMistake', 'deleted on the replica although the primary had it all the time', victim);
    }
    const isOurs =
      found.writer === 'copier' ||
      truth.entry(victim)?.owned === replica.guid() ||
      truth.entry(victim)?.claims !== undefined;
    if (truth.state()?.holdsEveryDelete !== undefined && !truth.wasApproved(victim)) {
      report('NothingDeletedByMistake', 'deleted after the primary was replaced, and no operator approved it', victim);
    }
    checkGuard(victim);
    if (!isOurs) report('NothingDeletedByMistake', `deleted (with ${path}), but it was never ours`, victim);
  }

  return {
    violations,
    report,
    written(actor, side, path, text) {
      if (side === 'primary') {
        report('NothingDeletedByMistake', 'written on the primary', path);
        return;
      }
      checkReferences(path, text);
      const before = replica.get(path);
      const mayBeHalf = path.startsWith('/cookbooks/') && (claimedAt.get(path) ?? actor.startedAt) < actor.startedAt;
      const hadReason = actor.isGone || mayBeHalf || truth.hasReplicaFailedSince(actor.startedAt);
      if (before?.text === text && before.at < actor.startedAt && !hadReason) {
        report('NoNeedlessCopy', 'written although the replica had it already', path);
      }
    },
    removed(actor, side, path) {
      if (side === 'primary') {
        report('NothingDeletedByMistake', 'deleted on the primary', path);
        return;
      }
      for (const victim of replica.paths()) {
        const isNamed = usedCookbooks(victim, replica.get(victim)?.text ?? '').includes(path);
        if (isNamed && truth.hasValidReferences)
          report('ReferencesValid', `deleted while ${victim} on the replica names it`, path, victim);
        if (victim === path || victim.startsWith(`${path}/`)) checkRemoval(actor, path, victim);
      }
    },
    told,
    decided(before, after) {
      told(after, after.path);
      if (after.claims === undefined) claimedAt.delete(after.path);
      else if (before?.claims === undefined) claimedAt.set(after.path, now());
      const { kind } = trustedRef(after.path);
      const live = truth.liveEntries(kind);
      mostLive.set(kind, Math.max(mostLive.get(kind) ?? 0, live));
      if (before?.state === 'held' && after.state === 'pending') {
        releasedAt.set(after.path, now());
        if (live <= FEW) fewAt.set(kind, now());
      }
      if (after.attempts > (before?.attempts ?? 0)) {
        const lately = [...(attemptsAt.get(after.path) ?? []).filter((at) => at > now() - A_WHILE_MS), now()];
        attemptsAt.set(after.path, lately);
        if (lately.length > MOST_ATTEMPTS_IN_A_WHILE)
          report('AttemptsBounded', `${lately.length} attempts in ${A_WHILE_MS / 60_000} minutes`, after.path);
      }
      if (after.attempts > ATTEMPTS_BEFORE_PARKING + 1) {
        report('AttemptsBounded', `attempt ${after.attempts} of one version`, after.path);
      }
      if (before !== undefined && isOlder(after, before)) {
        report('NothingLost', 'the entry went back to an earlier version', after.path);
      }
      const isDrift = after.driftedIn !== undefined && after.driftedIn !== before?.driftedIn;
      if (isDrift && !truth.wasEdited(after.path) && !truth.wasMisled(after.path)) {
        report('NoNeedlessCopy', 'taken for changed by somebody else, but nobody touched it', after.path);
      }
    },
    unreportedDifferences() {
      const paths = new Set([...primary.paths(), ...replica.paths()]);
      return [...paths].flatMap((path) => {
        const text = difference(truth, path);
        return text === undefined ? [] : [{ path, text }];
      });
    },
  };
}

const isOlder = (a: LedgerEntry, b: LedgerEntry): boolean =>
  a.version.epoch < b.version.epoch || (a.version.epoch === b.version.epoch && a.version.n < b.version.n);

/** Why replica and primary differ in an object although the ledger says that it is in sync. */
function difference(truth: Truth, path: ObjectPath): string | undefined {
  const { primary, replica, entry: entryOf, isWanted, wasEdited } = truth;
  const ref = trustedRef(path);
  if (!isWanted(ref)) return undefined;
  const [source, copy, entry] = [primary.get(path), replica.get(path), entryOf(path)];
  if (entry !== undefined && unsyncedBucket(entry) !== undefined) return undefined;
  // `bootstrap: false`: what the primary had at first is compared with nothing, and status says so.
  const isOfBaseline = truth.state()?.start === 'baseline' && entry?.owned === undefined;
  if (isOfBaseline && source !== undefined && truth.isAsSeen(path)) return undefined;
  if (source === undefined) {
    // Objects that people made on the replica stay, unless we had taken them over.
    const isOurs = copy !== undefined && (copy.writer === 'copier' || entry?.action === 'upsert');
    return isOurs ? 'the replica still has it, the primary does not, and nobody reports it' : undefined;
  }
  if (copy === undefined) return 'the replica lacks it and nobody reports it';
  if (copy.form !== source.form) return 'the replica has another content and nobody reports it';
  const isOurs = copy.writer === 'copier' && !wasEdited(path);
  return isOurs && !replica.isWhole(path) ? 'the replica lacks files of it and nobody reports it' : undefined;
}
