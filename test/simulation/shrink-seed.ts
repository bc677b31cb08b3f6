import { CALM_PROFILE, type Profile } from './profile.ts';
import { profileOfSeed, runSeed, type SeedResult } from './run-seed.ts';

/** A seed that breaks a promise, in the calmest world in which it still does. */
export interface Shrunk {
  readonly seed: number;
  readonly profile: Profile;
  /** With its story. */
  readonly result: SeedResult;
  /** What of the profile had to stay. */
  readonly needs: readonly string[];
}

/** How a world is run; a test plants a bug here. */
export type RunProfile = (seed: number, profile: Profile, isTold: boolean) => Promise<SeedResult>;

const runAsItIs: RunProfile = (seed, profile, isTold) => runSeed(seed, { profile, isTold });

/**
 * Takes one thing after the other out of the world of a failing seed (faults, lists of faults one by one, people, time), as long as the same
 * promise is still broken. What remains is needed, and the story is short.
 */
export async function shrinkSeed(seed: number, run: RunProfile = runAsItIs): Promise<Shrunk> {
  let profile = profileOfSeed(seed);
  const broken = (await run(seed, profile, false)).violations[0]?.invariant;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const calmer of calmerThan(profile)) {
      const { violations } = await run(seed, calmer, false);
      if (broken === undefined || violations[0]?.invariant !== broken) continue;
      profile = calmer;
      isSmaller = true;
      break;
    }
  }
  return { seed, profile, result: await run(seed, profile, true), needs: needsOf(profile) };
}

/** What remained, and the story of the broken promise. */
export function failureText({ seed, result, needs }: Shrunk): string {
  const [violation] = result.violations;
  const what =
    violation === undefined
      ? 'keeps every promise'
      : `${violation.invariant}: ${violation.path ?? ''} ${violation.text}`;
  return `seed ${seed}, with nothing but ${needs.join(', ') || 'people who write'}: ${what}\n${result.story ?? ''}`;
}

/** What a world can do without. */
const SPARABLE: readonly (keyof Profile)[] = [
  'process',
  'storeFailureShare',
  'queue',
  'servers',
  'hasFeed',
  'feedPathPrefix',
  'lateCommitShare',
  'feedResetAt',
  'feedGoneAt',
  'search',
  'handFilledShare',
  'handEdits',
  'wipedAt',
  'replicaRestoredAt',
  'replacedAt',
  'primaryRestoredAt',
  'primaryReplacedAt',
  'startsWithCopy',
  'hints',
  'operatorEveryMs',
  'restarts',
  'drift',
  'excluded',
  'filterChangesAt',
  'approvesDeletes',
  'stoppedUntil',
  'copiersOutliveTheirMessages',
  'isWatchedForDays',
  'doubleFiringShare',
];

const needsOf = (profile: Profile): readonly (keyof Profile)[] =>
  SPARABLE.filter((key) => JSON.stringify(profile[key]) !== JSON.stringify(CALM_PROFILE[key]));

/** Shorter than this nothing comes to pass. */
const SHORTEST_MS = 60_000;
/** Rarer writes than this tell nothing. */
const RAREST_WRITES_MS = 120_000;

/** Worlds with one thing less. */
function* calmerThan(profile: Profile): Generator<Profile> {
  for (const key of needsOf(profile)) yield { ...profile, [key]: CALM_PROFILE[key] };
  const { process, queue, servers } = profile;
  for (const share of ['crashShare', 'stallShare'] as const) {
    if (process[share] > 0) yield { ...profile, process: { ...process, [share]: 0 } };
  }
  for (const share of ['lostShare', 'failedShare', 'acknowledgementLostShare'] as const) {
    if (queue[share] > 0) yield { ...profile, queue: { ...queue, [share]: 0 } };
  }
  for (const list of ['episodes', 'refusals'] as const) {
    for (const index of servers[list].keys()) {
      yield { ...profile, servers: { ...servers, [list]: servers[list].toSpliced(index, 1) } };
    }
  }
  if (servers.strayShare > 0) yield { ...profile, servers: { ...servers, strayShare: 0 } };
  const restlessMs = profile.restlessMs / 2;
  if (restlessMs >= SHORTEST_MS) yield { ...profile, restlessMs };
  const writeEveryMs = profile.writeEveryMs * 2;
  if (writeEveryMs <= RAREST_WRITES_MS) yield { ...profile, writeEveryMs };
}
