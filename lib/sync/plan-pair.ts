import { countOne, endSlice, type Job, type JobSlice, type PlanCounter, type PlanLine } from '../model/job.ts';
import { isTakingBaseline, type PairState } from '../model/pair-state.ts';
import { deleteNotes, type PlannedPair, pairNotes } from '../plan/plan-notes.ts';
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
    takesBaseline: state === undefined ? !sides.rules.startsWithCopy : isTakingBaseline(state),
    trustFrom: state === undefined ? 1 : isReplicaNew ? state.epoch + 1 : state.trustFrom,
    destination: guids.replica,
    previousNumber: state?.inventory.replica.contents?.number,
    now: end.now(),
  };
  const planned: Planned = { sides, known, state, situation };
  let { counts, looked = 0 } = job;
  const add = (counter: PlanCounter): void => {
    counts = countOne(counts, counter);
  };
  const lines: PlanLine[] = [];
  const place = await walkPair(sides, walkPlace(job), end, async (found) => {
    onObject();
    looked += 1;
    const line = await planOne(planned, found, add);
    if (line !== undefined) lines.push(line);
  });
  const pair: PlannedPair = { state, guids, rules: sides.rules, now: end.now() };
  const notes = [
    ...(job.place === undefined ? pairNotes(pair) : []),
    ...(place === undefined ? deleteNotes(pair, counts) : []),
  ];
  return endSlice(job, { place, counts, looked, lines: [...lines, ...notes] }, end.now());
}

async function planOne(
  { sides, known, state, situation }: Planned,
  { line, ref, texts }: ComparedObject,
  add: (counter: PlanCounter) => void,
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
