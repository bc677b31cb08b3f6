import { countOne, endSlice, type Job, type JobRequest, type JobSlice, type ObjectLine } from '../model/job.ts';
import { holdExtra, isLive, observe } from '../model/ledger-entry.ts';
import { type ObjectPath, type ObjectRef, parseObjectPath } from '../model/object-path.ts';
import { howReplaced } from '../model/organization-identity.ts';
import type { PairState } from '../model/pair-state.ts';
import { refusal } from '../model/sync-error.ts';
import { identitiesOf } from './identities.ts';
import { fingerprintOf, isExpectedFailure, type KnownPair, type PairSides } from './pair-context.ts';
import { voidListsOf } from './void-list.ts';
import { walkItems } from './walk-items.ts';
import { reasonOf, type WalkEnd, walkPair, walkPlace } from './walk-pair.ts';

/**
 * One slice of a repair: a check, after which every object that is missing or different on the replica is due to be copied, as if an
 * operator had asked for each. Whoever polls the pair copies them. Deletes nothing and writes to neither side. Rejects as `walkPair` does,
 * and with a `SyncError` when the pair was never polled or a side is another organization than before.
 */
export async function repairSlice(
  sides: PairSides,
  known: KnownPair | undefined,
  job: Job,
  end: WalkEnd,
  onObject: () => void = () => undefined,
): Promise<JobSlice> {
  const { records, state } = await polledPair(sides, known);
  let { counts, looked = 0 } = job;
  const lines: ObjectLine[] = [];
  const wrong: ObjectRef[] = [];
  const place = await walkPair(sides, walkPlace(job), end, async ({ line, ref }) => {
    counts = countOne(counts, line.sign);
    looked += 1;
    if (line.sign !== '=') lines.push(line);
    if (ref !== undefined && (line.sign === '+' || line.sign === '*')) wrong.push(ref);
    onObject();
  });
  await voidListsOf(records, wrong, state.epoch);
  for (const { path } of wrong) {
    const now = records.clock.now();
    await records.ledger.update(path, (entry) => {
      // What waits for its first attempt is copied anyway.
      if (entry?.state === 'pending' && isLive(entry) && entry.attempts === 0) return undefined;
      return observe(entry, { path, action: 'upsert', epoch: state.epoch, now, by: 'operator' });
    });
  }
  return endSlice(job, { place, counts, looked, lines }, end.now());
}

/** Objects handed to the guard between two looks at the clock. */
const EXTRAS_PER_STEP = 20;

/**
 * One slice of the deletes of objects that only the replica has. Each is read again on both sides; only what the primary does not find,
 * in Chef's own words, and the replica still shows is held for the delete guard, as it is there now. Everything that keeps a delete safe
 * comes after: the guard counts it, the copier asks the primary twice more and deletes only what is still the same, data bags last and
 * only when they are empty. Lines: `-` handed over, `!` left alone and why. Rejects as {@link repairSlice} does.
 */
export async function deleteExtraSlice(
  sides: PairSides,
  known: KnownPair | undefined,
  job: Job,
  { paths }: Extract<JobRequest, { readonly command: 'delete-extra' }>,
  end: WalkEnd,
): Promise<JobSlice> {
  const { records, state } = await polledPair(sides, known);
  const lines: ObjectLine[] = [];
  const place = await walkItems(paths, job, EXTRAS_PER_STEP, end, async (step) => {
    for (const path of step) {
      const reason = await holdOne(sides, records, state, path);
      lines.push(reason === undefined ? { sign: '-', path } : { sign: '!', path, reason });
    }
  });
  const counts = lines.reduce((sum, { sign }) => countOne(sum, sign), job.counts);
  return endSlice(job, { place, counts, lines }, end.now());
}

/** Answers why the object is left alone, or undefined when the guard has it. */
async function holdOne(
  sides: PairSides,
  records: KnownPair,
  { epoch }: PairState,
  path: ObjectPath,
): Promise<string | undefined> {
  const ref = parseObjectPath(path);
  if ('unknown' in ref) return `It names no object: ${ref.reason}.`;
  if (!sides.rules.isWanted(ref)) return 'It is outside of what this pair replicates.';
  try {
    const [source, copy] = await Promise.all([sides.primary.read(ref), sides.replica.read(ref)]);
    if (!('missing' in source)) return 'The primary has it by now.';
    if (!source.isChefShaped) return 'The primary answers a 404 that is not Chef’s own, which proves nothing.';
    if ('missing' in copy) return 'The replica does not have it any more.';
    const fingerprint = fingerprintOf(records, ref, copy.text);
    await voidListsOf(records, [ref], epoch);
    const extra = { path: ref.path, epoch, now: records.clock.now(), fingerprint };
    const { isChanged } = await records.ledger.update(ref.path, (entry) => holdExtra(entry, extra));
    return isChanged ? undefined : 'The pair knows it, and its polls decide about it.';
  } catch (error) {
    if (!isExpectedFailure(error)) throw error;
    return await reasonOf(sides, error);
  }
}

/** The records of a pair whose organizations are those that it was last polled with. */
async function polledPair(
  sides: PairSides,
  known: KnownPair | undefined,
): Promise<{ readonly records: KnownPair; readonly state: PairState }> {
  const state = await known?.state.read();
  if (known === undefined || state?.guids.replica === undefined) {
    throw refusal(
      'NEVER_POLLED',
      'The pair was never polled, so there is nothing to repair: its first polls, or `chef-sync-ctl run --once`, copy what is missing.',
    );
  }
  const { primary, replica } = await identitiesOf(sides);
  if (primary !== state.guids.primary || replica !== state.guids.replica) {
    const which = primary === state.guids.primary ? 'replica' : 'primary';
    throw refusal(
      'OTHER_ORGANIZATION',
      `The ${which} organization ${howReplaced(state.guids[which], { primary, replica }[which])}: the next poll of the pair compares everything; repair it afterwards.`,
    );
  }
  return { records: known, state };
}
