import { ChefRequestError } from '../model/chef-request-error.ts';
import { isLive, observe } from '../model/ledger-entry.ts';
import { howReplaced } from '../model/organization-identity.ts';
import { nextEpoch, PAUSE_MS, type PairState } from '../model/pair-state.ts';
import { isDeletePhase, PHASES } from '../model/phase.ts';
import { judgeFailure } from '../plan/classify-response.ts';
import { openBreaker } from './breaker.ts';
import { type Identities, probeBoth } from './identities.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { unsyncedEntries } from './unsynced-entries.ts';

/**
 * Both organizations must answer and be who they were. Answers the problem that ends the poll. A changed guid begins a new epoch: of the
 * replica, because nothing it holds is known any more; of the primary, with every delete held, because absence there proves nothing.
 */
export async function followIdentities(ctx: PairContext, lease: PollLease): Promise<string | undefined> {
  let identities: Identities;
  try {
    identities = await probeBoth(ctx);
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    // The failed request was the probe itself.
    const decision = judgeFailure(error.failure, 'failed');
    await openBreaker(ctx, decision);
    return decision.text;
  }
  const { primary, replica } = identities;
  const conflict = await identityConflict(ctx, primary, replica);
  if (conflict !== undefined) {
    const now = ctx.clock.now();
    await lease.write((state) => ({
      ...state,
      paused: {
        side: 'replica',
        code: 'WRONG_ORGANIZATION',
        reason: conflict,
        since: state.paused?.since ?? now,
        until: now + PAUSE_MS,
      },
    }));
    return conflict;
  }
  const { guids } = lease.state();
  if (guids.primary === primary && guids.replica === replica) return undefined;
  // Before the new guid is known: a crash in between only holds them again.
  if (guids.primary !== undefined && guids.primary !== primary) await holdReleasedDeletes(ctx, lease.state().epoch);
  await lease.write((state) => withIdentities(ctx, state, primary, replica));
  return undefined;
}

/** What was about to be deleted when the primary was replaced has its evidence from another organization. */
async function holdReleasedDeletes(ctx: PairContext, epoch: number): Promise<void> {
  for (const phase of PHASES.filter(isDeletePhase)) {
    for await (const { path } of unsyncedEntries(ctx.ledger, phase)) {
      const now = ctx.clock.now();
      await ctx.ledger.update(path, (entry) =>
        entry?.state === 'pending' && !isLive(entry)
          ? observe(entry, { path, action: 'delete', epoch, now, by: 'operator' })
          : undefined,
      );
    }
  }
}

async function identityConflict(ctx: PairContext, primary: string, replica: string): Promise<string | undefined> {
  if (primary === 'none' || replica === 'none') return undefined;
  if (primary === replica) {
    return 'Source and destination are the same organization: correct `url`, `source` or `destination` of this pair in chef-sync.yaml.';
  }
  if ((await ctx.destinationsOfOtherPairs?.())?.has(primary) === true) {
    return 'The source of this pair is the destination of another pair, and a replica cannot be a source: correct chef-sync.yaml.';
  }
  return undefined;
}

function withIdentities(ctx: PairContext, state: PairState, primary: string, replica: string): PairState {
  const now = ctx.clock.now();
  const { guids } = state;
  const known = { ...state, guids: { primary, replica } };
  const isReplicaNew = guids.replica !== undefined && guids.replica !== replica;
  const isPrimaryNew = guids.primary !== undefined && guids.primary !== primary;
  if (!isReplicaNew && !isPrimaryNew) return known;
  if (isReplicaNew)
    ctx.log(
      'warn',
      `the replica organization ${howReplaced(guids.replica, replica)}: everything is compared and nothing of it is owned`,
    );
  if (isPrimaryNew)
    ctx.log(
      'warn',
      `the primary organization ${howReplaced(guids.primary, primary)}: every delete is held until an operator approves it`,
    );
  return nextEpoch(known, now, {
    trustFrom: isReplicaNew ? state.epoch + 1 : state.trustFrom,
    holdsEveryDelete: isPrimaryNew
      ? `the primary organization ${howReplaced(guids.primary, primary)}, so what it lacks may never have been deleted`
      : state.holdsEveryDelete,
  });
}
