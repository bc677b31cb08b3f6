import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';

/** Unknown paths kept for the operator. */
const UNKNOWN_PATHS_KEPT = 20;

/**
 * Keeps paths that the primary names and that are never acted upon, in the pair's state for status and once in the log: of no replicated
 * kind, or with a name that no request can carry (`/roles/..`). Those that `isGone` says, and that are not among `paths`, are kept no longer.
 */
export async function keepUnknownPaths(
  ctx: PairContext,
  lease: PollLease,
  paths: readonly string[],
  isGone: (path: string) => boolean = () => false,
): Promise<void> {
  const before = lease.state().unknownPaths;
  const known = new Set(before);
  const fresh = paths.filter((path) => !known.has(path));
  const gone = new Set(before.filter((path) => isGone(path) && !paths.includes(path)));
  if (fresh.length === 0 && gone.size === 0) return;
  for (const path of fresh) ctx.log('warn', 'the primary names something that cannot be replicated', { path });
  await lease.write((s) => ({
    ...s,
    unknownPaths: [...s.unknownPaths.filter((path) => !gone.has(path)), ...fresh].slice(-UNKNOWN_PATHS_KEPT),
  }));
}
