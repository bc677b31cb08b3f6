import { DRIFT_CODES, forgetSeen, isDriftReport, isLive, noteEqual, reportDrift } from '../model/ledger-entry.ts';
import { trustedRef } from '../model/object-path.ts';
import type { PairState } from '../model/pair-state.ts';
import { identitiesOf } from './identities.ts';
import { fingerprintOf, type KnownPair, type PairSides } from './pair-context.ts';
import { voidList } from './void-list.ts';
import { type ComparedObject, reasonOf, sourceText } from './walk-pair.ts';

/** A pair with `bootstrap: false` whose baseline is complete, while a check compares it. */
export interface ComparedBaseline {
  readonly known: KnownPair;
  readonly state: PairState;
  readonly destination: string;
}

/**
 * The pair, when what a check finds is to be written down: its primary was taken as the baseline, completely, and both organizations are
 * those of its state, all of it since before the check began. Otherwise undefined: the pair compares itself, or was never polled.
 */
export async function comparedBaseline(
  sides: PairSides,
  known: KnownPair | undefined,
  startedAt: number,
): Promise<ComparedBaseline | undefined> {
  const state = await known?.state.read();
  if (known === undefined || state?.baselineAt === undefined) return undefined;
  // What an earlier slice walked was not compared with this baseline, and would pass for gone from the primary.
  if (Math.max(state.baselineAt, state.epochStartedAt) > startedAt) return undefined;
  const { primary, replica: destination } = await identitiesOf(sides);
  if (primary !== state.guids.primary || destination !== state.guids.replica) return undefined;
  return { known, state, destination };
}

/**
 * Writes down what a comparison tells of an object that was taken as the baseline: found equal it is settled and ours, like any object that
 * is found equal; missing or different it is unsynced, until an operator or a change of the primary copies it. Nothing is copied by this.
 * Answers why that could not be told, if it could not.
 */
export async function noteComparison(
  { known, destination }: ComparedBaseline,
  sides: PairSides,
  { line: { sign }, ref, texts }: ComparedObject,
): Promise<string | undefined> {
  if (ref === undefined || (sign !== '=' && sign !== '*' && sign !== '+')) return undefined;
  const entry = await known.ledger.read(ref.path);
  if (entry === undefined || !isLive(entry) || entry.owned === destination) return undefined;
  if (entry.state !== 'synced' && !isDriftReport(entry)) return undefined;
  let text = texts?.primary;
  try {
    text ??= await sourceText(sides, ref);
  } catch (error) {
    return await reasonOf(sides, error);
  }
  const fingerprint = text === undefined ? undefined : fingerprintOf(known, ref, text);
  // What the primary changed since then, its next poll finds and copies.
  if (fingerprint === undefined || fingerprint !== entry.seen) return undefined;
  const { version } = entry;
  const now = known.clock.now();
  if (sign === '=') {
    await known.ledger.update(ref.path, (current) => noteEqual(current, { version, fingerprint, destination, now }));
    return undefined;
  }
  const what = sign === '+' ? 'is missing on the replica' : 'differs on the replica';
  const sentence = `The object ${what} since before the baseline (\`bootstrap: false\`): it is copied when the primary changes it, or with \`chef-sync-ctl repair\`.`;
  const error = { code: DRIFT_CODES.baseline, text: sentence, side: 'replica' } as const;
  // No pass of an inventory found it, so a drift that one finds later is the first.
  const drift = { version, inventory: 0, error, now };
  await known.ledger.update(ref.path, (current) => reportDrift(current, drift));
  return undefined;
}

/**
 * A check came to its end and could read everything: the pair is compared from now on, unless it began a new epoch since the check did. What
 * differs is in the ledger as unsynced; what the primary did not have just now is copied should it come back.
 */
export async function noteCompared({ known, state, destination }: ComparedBaseline, startedAt: number): Promise<void> {
  for (const { list } of await known.ledger.lists('primary')) {
    const unfound = (await known.ledger.entriesOf(list)).filter(
      (entry) =>
        isLive(entry) &&
        entry.state === 'synced' &&
        entry.owned !== destination &&
        known.rules.isWanted(trustedRef(entry.path)),
    );
    if (unfound.length > 0) await voidList(known, list, state.epoch);
    for (const { path, version } of unfound) await known.ledger.update(path, (entry) => forgetSeen(entry, version));
  }
  await known.state.update((current) =>
    current?.start === 'baseline' && current.baselineAt !== undefined && current.epochStartedAt <= startedAt
      ? { ...current, start: 'copy' }
      : undefined,
  );
}
