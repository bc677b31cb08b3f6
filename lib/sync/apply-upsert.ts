import { claim, claimForMember, hasClaimed, mayBeHalfWritten, noteCopyEnded, settle } from '../model/ledger-entry.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { listOf, type ObjectRef, objectRef, trustedRef } from '../model/object-path.ts';
import { guidText } from '../model/pair-state.ts';
import { SyncError } from '../model/sync-error.ts';
import { differingFields, isFrozenObject } from '../plan/normalised-form.ts';
import type { ChefObject } from '../ports/chef-org.ts';
import type { Begun, CopyOutcome } from './copy-attempt.ts';
import { fingerprintOf, type PairContext } from './pair-context.ts';
import { voidList, voidListsOf } from './void-list.ts';

/** The object as the primary has it now. */
export interface Source {
  readonly ref: ObjectRef;
  readonly object: ChefObject;
  readonly fingerprint: string;
  readonly isFrozen: boolean;
  readonly readAt: number;
}

/** Reads the object of an attempt on the primary. Throws when it is not there or cannot be compared. */
export async function readSource(ctx: PairContext, { entry }: Begun): Promise<Source> {
  const ref = trustedRef(entry.path);
  const readAt = ctx.clock.now();
  const object = await ctx.primary.read(ref);
  if ('missing' in object) throw notOnPrimary(ref);
  const fingerprint = fingerprintOf(ctx, ref, object.text);
  return { ref, object, fingerprint, isFrozen: isFrozenObject(ref.kind, object.text), readAt };
}

/**
 * Makes the replica's object equal to the source, writing only when it is not. Afterwards the entry is synced, or superseded by a newer
 * version that will be copied. Throws the failure otherwise; nothing is ever deleted here.
 */
export async function applyUpsert(ctx: PairContext, begun: Begun, source: Source): Promise<CopyOutcome> {
  const { entry, state } = begun;
  const { ref, object, fingerprint, isFrozen, readAt } = source;
  const destination = guidText(state.guids.replica);

  const isKnown = entry.owned === destination && entry.fingerprint !== undefined;
  const isToBeClaimed = !isKnown || OBJECT_KINDS[ref.kind].staysWhenRefused;
  if (isToBeClaimed && !hasClaimed(entry, fingerprint)) {
    // Before the write: after a crash in between, a later delete can tell that the replica's object is ours, and a later copy that it may
    // have been refused halfway.
    const { isChanged } = await ctx.ledger.update(entry.path, (current) => claim(current, entry.version, fingerprint));
    if (!isChanged) return 'superseded';
  }
  const mayBeHalf = mayBeHalfWritten(entry);
  await write(ctx, { ref, object, fingerprint, isKnown, mayBeHalf, isFrozen, destination });

  // What the inventory saw is no longer what the ledger knows: its digest must not stand for this entry (A → B → A).
  if (entry.action === 'delete') await voidListsOf(ctx, [ref], state.epoch);
  else if (entry.seen !== fingerprint) await voidList(ctx, listOf(ref), state.epoch);
  const done = { version: entry.version, now: ctx.clock.now(), readAt, fingerprint, destination, isFrozen };
  let isSettled = false;
  await ctx.ledger.update(entry.path, (current) => {
    const settled = settle(current, done);
    isSettled = settled?.state === 'synced';
    return settled;
  });
  if (isSettled) return 'settled';
  await ctx.ledger.update(entry.path, (current) => noteCopyEnded(current, entry.version, ctx.clock.now()));
  return 'superseded';
}

/** Never a reason to delete: an upsert's 404 may mean a proxy, an overloaded server or a change that is not told of yet. */
const notOnPrimary = (ref: ObjectRef): SyncError =>
  new SyncError(
    `The primary has no ${ref.path} any more, but nothing says that it was deleted: the next inventories will tell.`,
    { code: 'NOT_ON_PRIMARY', scope: 'object', retry: 'later', side: 'primary' },
  );

interface Write {
  readonly ref: ObjectRef;
  readonly object: ChefObject;
  readonly fingerprint: string;
  /** The replica was seen with this object before, so it is read first; a new one is first created. */
  readonly isKnown: boolean;
  /** Equal is not enough: its files may be missing. */
  readonly mayBeHalf: boolean;
  readonly isFrozen: boolean;
  readonly destination: string;
}

async function write(ctx: PairContext, what: Write): Promise<void> {
  const { ref, object } = what;
  if (ref.kind === 'cookbook_version') return await writeCookbook(ctx, what);
  if (ref.kind === 'data_bag') {
    await ctx.replica.create(ref, object.text);
    return;
  }
  if (!what.isKnown && (await create(ctx, what)) === 'created') return;
  const found = await ctx.replica.read(ref);
  if (!('missing' in found)) {
    if (fingerprintOf(ctx, ref, found.text) === what.fingerprint) return;
    if ((await ctx.replica.replace(ref, object.text)) === 'replaced') return;
  }
  // Deleted on the replica meanwhile, or falsely called missing: only an object that could be created was missing.
  if ((await create(ctx, what)) === 'exists') throw contradiction(ref);
}

/** An overloaded Chef server answers 404 for objects that exist (seen on Chef Infra Server 15.10): nothing is known about what it holds. */
const contradiction = (ref: ObjectRef): SyncError =>
  new SyncError(
    `The replica says that ${ref.path} exists and that it does not, as an overloaded server does: it is tried again by itself.`,
    { code: 'CONTRADICTION', scope: 'object', retry: 'later', side: 'replica' },
  );

/** Creates the object, and before it the data bag it lives in when that is missing. */
async function create(ctx: PairContext, { ref, object, destination }: Write): Promise<'created' | 'exists'> {
  const { text } = object;
  const first = await ctx.replica.create(ref, text);
  if (first !== 'no-container') return first;
  const bag = objectRef('data_bag', [ref.container ?? '']);
  if ('unknown' in bag) throw new Error(`${ref.path} has an impossible data bag`);
  const bagText = JSON.stringify({ name: bag.name });
  const fingerprint = fingerprintOf(ctx, bag, bagText);
  // The bag's own copier may have died and the bag be deleted before another one comes: then it must be known as ours.
  await ctx.ledger.update(bag.path, (entry) => claimForMember(entry, { fingerprint, destination }));
  await ctx.replica.create(bag, bagText);
  const second = await ctx.replica.create(ref, text);
  if (second !== 'no-container') return second;
  throw new SyncError(
    `The replica says that data bag ${bag.name} exists and that it does not: look for another writer on the replica.`,
    {
      code: 'NO_CONTAINER',
      scope: 'object',
      retry: 'later',
      side: 'replica',
    },
  );
}

async function writeCookbook(
  ctx: PairContext,
  { ref, object, fingerprint, isFrozen, isKnown, mayBeHalf }: Write,
): Promise<void> {
  const writeByForce = () => ctx.replica.writeCookbook(ref, object.text, ctx.primary.cookbookFiles(object));
  const found = await ctx.replica.read(ref);
  if (!('missing' in found)) {
    if (fingerprintOf(ctx, ref, found.text) === fingerprint && !mayBeHalf) return;
    if (!isFrozen && isFrozenObject(ref.kind, found.text)) {
      const isOnlyFrozen = differingFields(ref.kind, found.text, object.text).every((field) => field === 'frozen?');
      // One that somebody else froze there stays theirs: overwritten it would be nobody's, and no delete could tell.
      if (isKnown && (!isOnlyFrozen || mayBeHalf)) await writeByForce();
      throw frozenOnReplica(ref, isKnown || isOnlyFrozen);
    }
  }
  await writeByForce();
}

/** No PUT clears `frozen?`, and deleting the version to write it again is not ours to decide. */
const frozenOnReplica = (ref: ObjectRef, isContentEqual: boolean): SyncError =>
  new SyncError(
    `The replica has ${ref.path} frozen while the primary's is not${isContentEqual ? ' (its content is the same)' : ''}, and a frozen version cannot be thawed: delete it on the replica, then it is copied again.`,
    { code: 'FROZEN_ON_REPLICA', scope: 'object', retry: 'never', side: 'replica' },
  );
