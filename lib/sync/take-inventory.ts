import pMap from 'p-map';
import { ChefRequestError } from '../model/chef-request-error.ts';
import { NAMED_CONTENT_LIST } from '../model/object-kind.ts';
import { isListOfContainers, type ListPath } from '../model/object-path.ts';
import type { InventoryProgress, Pass, PassScope } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import type { FailureDecision } from '../plan/classify-response.ts';
import { listPass } from '../plan/list-pass.ts';
import { areReadSideBySide, nextPass, progressAfter } from '../plan/pace-inventory.ts';
import { judge, openBreaker } from './breaker.ts';
import { comparePrimaryList } from './compare-primary-list.ts';
import { compareReplicaList } from './compare-replica-list.ts';
import { keepUnknownPaths } from './keep-unknown-paths.ts';
import { ledgerOfPass } from './ledger-of-pass.ts';
import { listAfter } from './list-after.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { type Members, readMembers } from './read-list.ts';

/** How an inventory of one side went in this poll. */
export interface InventoryOutcome {
  /** `cut`: time ran out, the next poll goes on. `endpoint`: the server failed, the breaker is open. */
  readonly outcome: 'done' | 'cut' | 'endpoint';
  readonly problem?: string;
}

/** Lists of one side read at a time; the server's own bound on requests in flight comes on top. */
const LISTS_AT_ONCE = 8;

/** A poll that dies reads the lists of this time again; storing after every list would be most of what an idle pair writes. */
const STORE_EVERY_MS = 5_000;

/** When an inventory stops between two lists. */
export interface InventoryEnd {
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

/** Where a pass begins and what it has read when it has passed every list. */
const END: ListPath = '/~';

/**
 * Takes the inventories of both sides, of the primary first, and of the replica only when that came to its end: what is known of the
 * primary is copied before the replica is looked at further, unless time allows both. An epoch needs that order until it is bootstrapped,
 * because what both sides show equal is settled without a copy. Small organizations are read side by side from then on: nobody is paid
 * for waiting twice.
 */
export async function takeInventories(
  ctx: PairContext,
  lease: PollLease,
  until: InventoryEnd,
): Promise<readonly InventoryOutcome[]> {
  const take = (side: Side): Promise<InventoryOutcome> => takeInventory(ctx, lease, side, until);
  if (!areReadSideBySide(lease.state())) {
    const primary = await take('primary');
    return primary.outcome === 'done' ? [primary, await take('replica')] : [primary];
  }
  const outcomes = await Promise.allSettled([take('primary'), take('replica')]);
  return outcomes.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/**
 * Takes the passes of one side's inventory that are due, list by list, until the deadline. Progress is stored, so that a poll cut anywhere
 * goes on there. Each list is complete or unread by itself: an unread one is reported and changes nothing of its own.
 */
export async function takeInventory(
  ctx: PairContext,
  lease: PollLease,
  side: Side,
  until: InventoryEnd,
): Promise<InventoryOutcome> {
  const before = lease.state().inventory[side];
  const firstOfPoll = before.pass === undefined ? before.number + 1 : before.number;
  const wasContentUnread = before.unread.some(({ list }) => list === NAMED_CONTENT_LIST);
  const done = new Set<PassScope>();
  const passing = { ...ctx, ledger: ledgerOfPass(ctx, lease) };
  for (;;) {
    const pass = currentPass(ctx, lease, side, done);
    if (pass === undefined) return { outcome: 'done' };
    const outcome = await walk(passing, lease, side, { pass, firstOfPoll, wasContentUnread, until });
    if (outcome.outcome !== 'done') return outcome;
    done.add(pass.scope);
  }
}

/** Stored with the next write of the poll: before anything that this pass puts into the ledger, and when the poll ends. */
const note = (lease: PollLease, side: Side, progress: InventoryProgress): void =>
  lease.note((state) => ({ ...state, inventory: { ...state.inventory, [side]: progress } }));

/** The pass under way, or the one that begins now. */
function currentPass(ctx: PairContext, lease: PollLease, side: Side, done: ReadonlySet<PassScope>): Pass | undefined {
  const progress = lease.state().inventory[side];
  if (progress.pass !== undefined) return progress.pass;
  const now = ctx.clock.now();
  const next = nextPass(progress, { now, share: ctx.rules.inventoryShare, done });
  if (next === undefined) return undefined;
  const pass: Pass = { ...next, startedAt: now, busyMs: 0, nextList: ctx.rules.lists[0] ?? END, unread: [] };
  note(lease, side, { ...progress, number: progress.number + 1, pass });
  return pass;
}

interface Walk {
  readonly pass: Pass;
  readonly firstOfPoll: number;
  /** The poll before could not read the content that definitions name. */
  readonly wasContentUnread: boolean;
  readonly until: InventoryEnd;
}

async function walk(
  ctx: PairContext,
  lease: PollLease,
  side: Side,
  { pass, firstOfPoll, wasContentUnread, until }: Walk,
): Promise<InventoryOutcome> {
  const startedAt = ctx.clock.now();
  const unread = [...pass.unread];
  let found = 0;
  const progress = (nextList: ListPath): Pass => ({
    ...pass,
    nextList,
    busyMs: pass.busyMs + ctx.clock.now() - startedAt,
    unread: [...unread],
  });
  let storedAt = startedAt;
  let bags: readonly string[] | undefined;
  let next: ListPath | undefined = pass.nextList;
  while (next !== undefined && next !== END) {
    // A poll that comes here late reads one list all the same, or slow probes would keep an inventory from ever moving.
    const isLate = ctx.clock.now() >= until.deadline && next !== pass.nextList;
    const isCut = isLate || until.signal?.aborted === true;
    if (isCut || ctx.clock.now() - storedAt >= STORE_EVERY_MS) {
      await store(lease, side, progress(next));
      storedAt = ctx.clock.now();
    }
    if (isCut) return { outcome: 'cut' };
    if (next.startsWith('/data/') && bags === undefined) {
      // A pass that goes on behind the list of bags needs their names again; unread, their lists are unread too.
      const names = await tryBagNames(ctx, side, next);
      if (names.failure?.outcome === 'endpoint') {
        await store(lease, side, progress(next));
        await openBreaker(ctx, names.failure);
        return { outcome: 'endpoint', problem: names.failure.text };
      }
      bags = names.bags ?? [];
      if (names.failure !== undefined) unread.push({ list: '/data', reason: names.failure.text });
    }
    const batch: readonly ListPath[] = batchFrom(next, bags ?? []);
    const listedAt = ctx.clock.now();
    const results = await pMap(batch, (list) => tryList(ctx, lease, side, { list, pass, firstOfPoll }), {
      concurrency: LISTS_AT_ONCE,
    });
    if (side === 'primary' && next === NAMED_CONTENT_LIST) {
      // A list that two polls running cannot read keeps no definition waiting: it may stay unreadable for ever.
      const failure = results[0]?.failure;
      const isAnswered = failure === undefined || (failure.outcome === 'object' && wasContentUnread);
      if (isAnswered) lease.note((state) => ({ ...state, contentListedAt: listedAt }));
    }
    for (const result of results) {
      if (result.failure?.outcome === 'endpoint') {
        await store(lease, side, progress(next));
        await openBreaker(ctx, result.failure);
        return { outcome: 'endpoint', problem: result.failure.text };
      }
      found += result.found;
      bags ??= result.bags;
      const [first] = result.unread ?? [];
      if (first !== undefined)
        unread.push({
          list: result.list,
          reason: `${result.unread?.length} of its objects, the first because: ${first}`,
        });
      if (result.failure === undefined) continue;
      const reason = result.failure.text;
      ctx.log('warn', `a list cannot be read; nothing of it is deleted: ${reason}`, { side, list: result.list });
      unread.push({ list: result.list, reason });
    }
    const itemLists = (bags ?? []).map((bag): ListPath => `/data/${bag}`);
    next = listAfter(ctx.rules.lists, batch.at(-1) ?? next, itemLists);
  }
  note(lease, side, progressAfter(lease.state().inventory[side], progress(END), ctx.clock.now()));
  if (found > 0)
    ctx.log('info', `the inventory of the ${side} found differences`, { scope: pass.scope, objects: found });
  return { outcome: 'done' };
}

/** The lists that are read together: bags side by side, every other list by itself. */
function batchFrom(list: ListPath, bags: readonly string[]): readonly ListPath[] {
  const first = bags.indexOf(list.slice('/data/'.length));
  if (!list.startsWith('/data/') || first < 0) return [list];
  return bags.slice(first, first + LISTS_AT_ONCE).map((bag): ListPath => `/data/${bag}`);
}

const store = async (lease: PollLease, side: Side, pass: Pass): Promise<void> => {
  note(lease, side, { ...lease.state().inventory[side], pass });
  await lease.store();
};

interface ListResult {
  readonly list: ListPath;
  readonly found: number;
  /** Bags to walk, when this list told of them. */
  readonly bags?: readonly string[];
  /** Why objects of the list were not shown. */
  readonly unread?: readonly string[];
  /** Why the list is unread. */
  readonly failure?: FailureDecision;
}

interface ListOfPass {
  readonly list: ListPath;
  readonly pass: Pass;
  readonly firstOfPoll: number;
}

/** One list, and what it means when it cannot be read. */
async function tryList(ctx: PairContext, lease: PollLease, side: Side, what: ListOfPass): Promise<ListResult> {
  try {
    return { ...(await compareList(ctx, lease, side, what)), list: what.list };
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    return { list: what.list, found: 0, failure: await judge(ctx, error) };
  }
}

async function compareList(
  ctx: PairContext,
  lease: PollLease,
  side: Side,
  { list, pass, firstOfPoll }: ListOfPass,
): Promise<Omit<ListResult, 'list'>> {
  const comparison = listPass(lease.state(), side, pass, firstOfPoll);
  const bagsOf = (members: Members | undefined): readonly string[] | undefined =>
    isListOfContainers(list) && members !== undefined ? bagsToWalk(ctx, members) : undefined;
  if (side === 'primary') {
    const { observed, absent, members, unread } = await comparePrimaryList(ctx, list, comparison);
    const unusable = members?.unusable.map((name) => `${list}/${name}`) ?? [];
    await keepUnknownPaths(ctx, lease, unusable);
    return { found: observed + absent, bags: bagsOf(members), unread };
  }
  const { drifted, members, unread } = await compareReplicaList(ctx, list, comparison);
  return { found: drifted, bags: bagsOf(members), unread };
}

/** Names that no request can carry are not among them: `/data/..` would be another resource. */
const bagsToWalk = (ctx: PairContext, members: Members): readonly string[] =>
  [...members.refs.keys()].filter(ctx.rules.isBagWanted).toSorted();

async function tryBagNames(ctx: PairContext, side: Side, list: ListPath): Promise<ListResult> {
  try {
    return { list, found: 0, bags: bagsToWalk(ctx, await readMembers(ctx, side, '/data')) };
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    return { list, found: 0, failure: await judge(ctx, error) };
  }
}
