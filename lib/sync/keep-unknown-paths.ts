import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';

/** Unknown paths kept for the operator. */
const UNKNOWN_PATHS_KEPT = 20;

/**
 * Keeps paths that the primary names and that are never acted upon, in the pair's state for status and once in the log: of no replicated
 * kind, or with a name that no request can carry (`/roles/..`).
 */
export async function keepUnknownPaths(ctx: PairContext, lease: PollLease, paths: readonly string[]): Promise<void> {
  const known = new Set(lease.state().unknownPaths);
  const fresh = paths.filter((path) => !known.has(path));
  if (fresh.length === 0) return;
  for (const path of fresh) ctx.log('warn', 'the primary names something that cannot be replicated', { path });
  await lease.write((s) => ({ ...s, unknownPaths: [...s.unknownPaths, ...fresh].slice(-UNKNOWN_PATHS_KEPT) }));
}
