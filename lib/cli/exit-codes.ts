import type { OnceReport } from '../runtime/local-polls.ts';
import type { PairStatus } from '../sync/pair-status.ts';

/** What every command's exit code means. One table for code, `--help` and README. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'done, or every pair is in sync' },
  fault: { code: 1, meaning: 'a fault of chef-sync itself; --debug shows where' },
  refused: { code: 2, meaning: 'bad configuration, command line or state file: nothing was done' },
  unsynced: { code: 3, meaning: 'objects are unsynced or differ, or deletes are held' },
  waiting: {
    code: 4,
    meaning:
      'a pair waits for a server, is stale, not yet compared, still at work or could not be read, or a server failed',
  },
  stopped: { code: 5, meaning: 'a pair is stopped' },
  killed: {
    code: 130,
    meaning: 'ended by Ctrl-C before it was done; run, and repair while it copies: by a second one',
  },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;

/** A row of {@link EXIT_CODES}. */
export type Exit = keyof typeof EXIT_CODES;

/** From good to bad: of several pairs the worst counts. A fault of ours goes first, because then nothing else is certain. */
const BY_SEVERITY: readonly Exit[] = ['ok', 'unsynced', 'waiting', 'stopped', 'refused', 'fault'];

/** The worst of several outcomes; `ok` of none. */
export function worstExit(exits: readonly Exit[]): Exit {
  return BY_SEVERITY.findLast((exit) => exits.includes(exit)) ?? 'ok';
}

/**
 * What a pair's status means for `sync-status`. Without `maxLagMs` only "in sync" is good. With it a pair at work is good too, as long as
 * its oldest change is no older than that; what will not go away by itself (failing, parked, held) never is. A pair that is no longer
 * configured does not count: nobody expects anything of it.
 */
export function statusExit(status: PairStatus, maxLagMs?: number): Exit {
  const { condition, counts, lagMs } = status;
  if (condition === 'in sync' || condition === 'no longer configured') return 'ok';
  if (condition === 'stopped') return 'stopped';
  if (condition === 'waiting' || condition === 'stale' || condition === 'never polled') return 'waiting';
  if (counts.failing + counts.parked + counts.held > 0) return 'unsynced';
  if (maxLagMs !== undefined && condition !== 'baseline not compared') return lagMs <= maxLagMs ? 'ok' : 'waiting';
  return counts.absent > 0 ? 'unsynced' : 'waiting';
}

/** What a pair's passes of `run --once` mean: whatever is left over stayed unsynced, also what a later run would try again. */
export function onceExit({ poll, fault, status, unsynced }: OnceReport): Exit {
  if (fault !== undefined) return 'fault';
  if (poll.outcome === 'stopped') return 'stopped';
  if (poll.outcome !== 'complete' || status.condition === 'waiting') return 'waiting';
  if (unsynced.length > 0) return 'unsynced';
  return status.condition === 'in sync' ? 'ok' : 'waiting';
}

/** The lines of `--help` for some of the codes. */
export function exitCodeHelp(exits: readonly Exit[]): string {
  return exits.map((exit) => `  ${String(EXIT_CODES[exit].code).padEnd(4)} ${EXIT_CODES[exit].meaning}`).join('\n');
}
