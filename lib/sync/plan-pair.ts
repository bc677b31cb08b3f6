import type { Job, JobCounts, JobSlice, PlanLine, PlanNote } from '../model/job.ts';
import { KIND_ROWS } from '../model/object-kind.ts';
import type { PairState } from '../model/pair-state.ts';
import { GUARD_WINDOW_MS, guardDeletes } from '../plan/guard-deletes.ts';
import { planObject, type Situation } from '../plan/plan-object.ts';
import { identitiesOf } from './identities.ts';
import { fingerprintOf, type KnownPair, type PairSides } from './pair-context.ts';
import { type ComparedObject, reasonOf, sourceText, type WalkEnd, walkPair, walkPlace } from './walk-pair.ts';

/** A pair as a plan sees it. Without records it was never polled. */
interface Planned {
  readonly sides: PairSides;
  readonly known: KnownPair | undefined;
  readonly state: PairState | undefined;
  readonly situation: Situation;
}

/**
 * One slice of a plan: what polls that read both sides completely would do now. Writes nothing, anywhere. What the feed or an event would
 * tell is found by reading everything. Notes about the pair come with the first slice, those of the delete guard with the last. Rejects as
 * `walkPair` does.
 */
export async function planSlice(
  sides: PairSides,
  known: KnownPair | undefined,
  job: Job,
  end: WalkEnd,
  onObject: () => void = () => undefined,
): Promise<JobSlice> {
  const state = await known?.state.read();
  const guids = await identitiesOf(sides);
  const isReplicaNew = state?.guids.replica !== undefined && state.guids.replica !== guids.replica;
  const situation: Situation = {
    drift: sides.rules.drift,
    takesBaseline:
      state === undefined ? !sides.rules.startsWithCopy : state.start === 'baseline' && state.baselineAt === undefined,
    trustFrom: state === undefined ? 1 : isReplicaNew ? state.epoch + 1 : state.trustFrom,
    destination: guids.replica,
    previousNumber: state?.inventory.replica.contents?.number,
    now: end.now(),
  };
  const planned: Planned = { sides, known, state, situation };
  const counts: Record<string, number | undefined> = { ...job.counts };
  const add = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const lines: PlanLine[] = [];
  const isFirst = job.place === undefined;
  const place = await walkPair(sides, walkPlace(job), end, async (found) => {
    onObject();
    const line = await planOne(planned, found, add);
    if (line !== undefined) lines.push(line);
  });
  const notes = [
    ...(isFirst ? notesOf(state, guids, sides, end.now()) : []),
    ...(place === undefined ? deleteNotes(state, guids, counts, end.now()) : []),
  ];
  return {
    job: { ...job, place, counts, endedAt: place === undefined ? end.now() : undefined },
    lines: [...lines.toSorted((a, b) => (a.path < b.path ? -1 : 1)), ...notes],
  };
}

async function planOne(
  { sides, known, state, situation }: Planned,
  { line, ref, texts }: ComparedObject,
  add: (what: string) => void,
): Promise<PlanLine | undefined> {
  const { sign, path } = line;
  if (ref !== undefined && sign !== '-') add(`live ${ref.kind}`);
  if (sign === '!') {
    add('unreadable');
    return { action: 'unreadable', path, reason: line.reason ?? '' };
  }
  if (ref === undefined) return undefined;
  const entry = state === undefined ? undefined : await known?.ledger.read(path);
  // What the primary shows matters only to what the ledger knows; what only it has was not read by the walk.
  const isToRead = sign === '+' && entry?.state === 'synced';
  let source = texts?.primary;
  try {
    if (isToRead) source = await sourceText(sides, ref);
  } catch (error) {
    add('unreadable');
    return { action: 'unreadable', path, reason: await reasonOf(sides, error) };
  }
  const fingerprint = (text: string | undefined): string | undefined =>
    text === undefined || known === undefined ? undefined : fingerprintOf(known, ref, text);
  const seen = {
    path,
    isOnPrimary: sign !== '-',
    isOnReplica: sign !== '+',
    isEqual: sign === '=',
    source: fingerprint(source),
    copy: fingerprint(texts?.replica),
  };
  const change = planObject(entry, seen, situation);
  if (sign === '-' && change?.action !== 'delete') add('only on the replica');
  if (change === undefined) return undefined;
  add(`${change.action} ${ref.kind}`);
  // The guard counts what leaves as members, as it does in a poll.
  if (change.action === 'delete') add(`live ${ref.kind}`);
  if (change.asksGuard === true) add(`asks ${ref.kind}`);
  if (change.keepsDeletes === true) add(`keeps ${ref.kind}`);
  return { action: change.action, path, reason: change.reason };
}

type Guids = Readonly<Record<'primary' | 'replica', string>>;

function notesOf(state: PairState | undefined, guids: Guids, { rules }: PairSides, now: number): readonly PlanNote[] {
  const notes: PlanNote[] = [];
  if (guids.primary !== 'none' && guids.primary === guids.replica) {
    const text = 'Source and destination are the same organization, so polls copy nothing: correct chef-sync.yaml.';
    notes.push({ note: 'wrong organization', text });
  }
  if (state === undefined) {
    notes.push({ note: 'first poll', text: 'The pair was never polled; this is what its first polls do.' });
    if (!rules.startsWithCopy) notes.push(BASELINE);
    return notes;
  }
  if (state.isStopped) notes.push({ note: 'stopped', text: 'The pair is stopped: nothing happens before sync-start.' });
  if (state.paused !== undefined && state.paused.until > now) {
    notes.push({ note: 'waiting', text: `The pair waits for the ${state.paused.side}: ${state.paused.reason}` });
  }
  if (state.start === 'baseline' && state.baselineAt === undefined) notes.push(BASELINE);
  const changed = [
    ...(state.filterHash === rules.filterHash ? [] : ['the filter of the pair']),
    ...(state.guids.primary === undefined || state.guids.primary === guids.primary ? [] : ['the primary organization']),
    ...(state.guids.replica === undefined || state.guids.replica === guids.replica ? [] : ['the replica organization']),
  ];
  if (changed.length > 0) {
    const text = `A new epoch begins, because ${changed.join(' and ')} changed: everything is read and compared again.`;
    notes.push({ note: 'new epoch', text });
  }
  return notes;
}

const BASELINE: PlanNote = {
  note: 'baseline',
  text: 'The pair has `bootstrap: false`: the primary as it is now is the baseline, and nothing is copied until it changes.',
};

/** What becomes of the deletes of each kind, all of them together as they will be asked about. */
function deleteNotes(state: PairState | undefined, guids: Guids, counts: JobCounts, now: number): readonly PlanNote[] {
  const isPrimaryNew = state?.guids.primary !== undefined && state.guids.primary !== guids.primary;
  const guarded = KIND_ROWS.flatMap(({ kind, stage }) => {
    const candidates = counts[`asks ${kind}`] ?? 0;
    if (candidates === 0) return [];
    const recent = (state?.released ?? []).filter((one) => one.kind === kind && one.at > now - GUARD_WINDOW_MS);
    const verdict = guardDeletes({
      candidates,
      live: counts[`live ${kind}`] ?? 0,
      releasedLastDay: recent.reduce((sum, one) => sum + one.count, 0),
      holdsEveryDelete: isPrimaryNew
        ? 'the primary organization was replaced by another one of the same name'
        : state?.holdsEveryDelete,
    });
    return [{ kind, stage, candidates, verdict }];
  });
  const notes = guarded.map(({ kind, candidates, verdict }): PlanNote => {
    const deletes = candidates === 1 ? 'the delete' : `the ${candidates} deletes`;
    return verdict.isReleased
      ? { note: 'deletes pass', text: `The delete guard lets ${deletes} of kind ${kind} pass.` }
      : { note: 'deletes held', text: `The delete guard holds ${deletes} of kind ${kind}: ${verdict.reason}.` };
  });
  // What stays on the replica may still name what a delete would remove (design §5).
  const waiting = KIND_ROWS.filter(
    ({ kind, stage, isNamedByDefinitions }) =>
      (counts[`delete ${kind}`] ?? 0) > 0 &&
      (KIND_ROWS.some((later) => later.stage > stage && (counts[`keeps ${later.kind}`] ?? 0) > 0) ||
        (isNamedByDefinitions && guarded.some((later) => later.stage > stage && !later.verdict.isReleased))),
  );
  if (waiting.length === 0) return notes;
  const kinds = waiting.map(({ kind }) => kind).join(', ');
  const text = `Deletes of kind ${kinds} wait: roles or environments that stay on the replica as they are may name them.`;
  return [...notes, { note: 'deletes wait', text }];
}
