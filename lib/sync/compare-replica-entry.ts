import { DRIFT_CODES, driftIsGone, type LedgerEntry, observe, reportDrift, settle } from '../model/ledger-entry.ts';
import type { Seen } from '../model/seen.ts';
import { isSameVersion } from '../model/version.ts';
import { PARKED_RETRY_MS } from '../plan/backoff.ts';
import type { ListPass } from '../plan/list-pass.ts';
import { hasDriftedAgain, isWaitingUnsent, judgeReplica } from '../plan/replica-evidence.ts';
import type { PairContext } from './pair-context.ts';
import type { ListComparison } from './read-changed-list.ts';

/**
 * Compares one entry with what the replica shows of its object, and does what that asks for: settles it, repairs or reports a drift, takes
 * back what came after a delete. Answers how the object stands then; `drifted` whatever was done about it.
 */
export async function compareReplicaEntry(
  ctx: PairContext,
  { pass, readAt }: ListComparison,
  entry: LedgerEntry,
  shown: { readonly isListed: boolean; readonly seen: Seen | undefined },
): Promise<'equal' | 'unsettled' | 'drifted'> {
  const { destination } = pass;
  const finding = judgeReplica(entry, { ...shown, readAt, now: ctx.clock.now(), destination });
  switch (finding) {
    case 'equal':
    case 'unsettled':
      return finding;
    case 'as on the primary':
      return (await settleEqual(ctx, entry, destination, readAt)) ? 'equal' : 'unsettled';
    case 'changed back':
      await ctx.ledger.update(entry.path, (current) => driftIsGone(current, entry.version));
      return 'unsettled';
    case 'came back':
      await deleteAgain(ctx, entry, pass.epoch);
      return 'drifted';
    case 'drifted':
      await repairOrReport(ctx, entry, pass, `was ${shown.isListed ? 'changed on' : 'removed from'} the replica`);
      return 'drifted';
  }
}

/**
 * The usual case of a replica that was filled before: both sides were read and are equal, so there is nothing to copy. Answers whether the
 * entry was still as it was judged.
 */
async function settleEqual(
  ctx: PairContext,
  entry: LedgerEntry,
  destination: string,
  readAt: number,
): Promise<boolean> {
  const { isChanged } = await ctx.ledger.update(entry.path, (current) =>
    current === undefined || !isWaitingUnsent(current) || current.seen !== entry.seen
      ? undefined
      : settle(current, {
          version: entry.version,
          now: ctx.clock.now(),
          readAt,
          fingerprint: entry.seen,
          destination,
          isFrozen: entry.isFrozen,
        }),
  );
  return isChanged;
}

/** A write that landed after our delete is taken back, through the guard and with the evidence of any delete. */
async function deleteAgain(ctx: PairContext, { path, version }: LedgerEntry, epoch: number): Promise<void> {
  const now = ctx.clock.now();
  await ctx.ledger.update(path, (current) =>
    current !== undefined && isSameVersion(current.version, version)
      ? observe(current, { path, action: 'delete', epoch, now, by: 'replica' })
      : undefined,
  );
}

async function repairOrReport(ctx: PairContext, entry: LedgerEntry, pass: ListPass, what: string): Promise<void> {
  const { path, version, fingerprint } = entry;
  const now = ctx.clock.now();
  const isAgain = hasDriftedAgain(entry, pass.previousNumber);
  if (ctx.rules.drift === 'repair' && !isAgain) {
    ctx.log('warn', `an object ${what} by somebody else and is copied again`, { path });
    const { epoch, number: driftedIn } = pass;
    const observation = { path, action: 'upsert', epoch, now, by: 'replica', driftedIn } as const;
    await ctx.ledger.update(path, (current) =>
      current?.state === 'synced' && current.fingerprint === fingerprint ? observe(current, observation) : undefined,
    );
    return;
  }
  const [code, text] = isAgain
    ? [
        DRIFT_CODES.anotherWriter,
        `The object ${what} again after it was repaired: another writer works on the replica; stop it, then run \`chef-sync-ctl retry\`.`,
      ]
    : [
        DRIFT_CODES.report,
        `The object ${what} by somebody else: change it back there, or run \`chef-sync-ctl retry\` to overwrite it (this pair has \`drift: report\`).`,
      ];
  ctx.log('warn', text, { path });
  const error = { code, text, side: 'replica' } as const;
  const at = isAgain ? now + PARKED_RETRY_MS : undefined;
  const drift = { version, inventory: pass.number, error, now, at };
  await ctx.ledger.update(path, (current) => reportDrift(current, drift));
}
