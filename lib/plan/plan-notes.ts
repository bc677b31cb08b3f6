import type { JobCounts, PlanNote } from '../model/job.ts';
import { KIND_ROWS } from '../model/object-kind.ts';
import { howReplaced } from '../model/organization-identity.ts';
import { isTakingBaseline, type PairState } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { guardDeletes, releasedLastDay } from './guard-deletes.ts';

/** The pair and both of its organizations as they are now. Without a state it was never polled. */
export interface PlannedPair {
  readonly state: PairState | undefined;
  /** `none` for a server without organizations. */
  readonly guids: Readonly<Record<Side, string>>;
  readonly rules: { readonly startsWithCopy: boolean; readonly filterHash: string };
  readonly now: number;
}

const BASELINE: PlanNote = {
  note: 'baseline',
  text: 'The pair has `bootstrap: false`: the primary as it is now is the baseline, and nothing is copied until it changes.',
};

/** What is to be said of the pair before anything of it: what its polls do first, or why they do nothing. */
export function pairNotes({ state, guids, rules, now }: PlannedPair): readonly PlanNote[] {
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
  if (isTakingBaseline(state)) notes.push(BASELINE);
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

/** What becomes of the counted deletes of each kind, all of them together as the guard will be asked about them. */
export function deleteNotes({ state, guids, now }: PlannedPair, counts: JobCounts): readonly PlanNote[] {
  const isPrimaryNew = state?.guids.primary !== undefined && state.guids.primary !== guids.primary;
  const guarded = KIND_ROWS.flatMap(({ kind, stage }) => {
    const candidates = counts[`asks ${kind}`] ?? 0;
    if (candidates === 0) return [];
    const verdict = guardDeletes({
      candidates,
      live: counts[`live ${kind}`] ?? 0,
      releasedLastDay: releasedLastDay(state?.released ?? [], kind, now),
      holdsEveryDelete: isPrimaryNew
        ? `the primary organization ${howReplaced(state.guids.primary, guids.primary)}`
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
  // What stays on the replica may still name what a delete would remove.
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
