import pMap from 'p-map';
import { NAMED_CONTENT_LIST } from '../model/object-kind.ts';
import type { ListPath } from '../model/object-path.ts';
import type { InventoryProgress, Pass, Unread } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { progressAfter } from '../plan/pace-inventory.ts';
import { openBreaker } from './breaker.ts';
import { compareList, type ListOfPass, type ListResult, readBagNames } from './compare-list.ts';
import { listAfter } from './list-after.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';

/** How an inventory of one side went in this poll. */
export interface InventoryOutcome {
  /** `cut`: time ran out, the next poll goes on. `endpoint`: the server failed, the breaker is open. */
  readonly outcome: 'done' | 'cut' | 'endpoint';
  readonly problem?: string;
}

/** When an inventory stops, between two lists or two objects. */
export interface InventoryEnd {
  /** Ms, by the clock of the pair. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

/** A pass under way. */
export interface PassToWalk {
  readonly side: Side;
  readonly pass: Pass;
  /** Number of the first pass of this side in this poll. */
  readonly firstOfPoll: number;
  /** The poll before could not read the content that definitions name. */
  readonly wasContentUnread: boolean;
  readonly until: InventoryEnd;
}

/** Lists of one side read at a time; the server's own bound on requests in flight comes on top. */
const LISTS_AT_ONCE = 8;

/** A poll that dies reads the lists of this time again; storing after every list would be most of what an idle pair writes. */
const STORE_EVERY_MS = 5_000;

/** Where a pass is when it has passed every list. */
export const END: ListPath = '/~';

/** Stored with the next write of the poll: before anything that this pass puts into the ledger, and when the poll ends. */
export const noteProgress = (lease: PollLease, side: Side, progress: InventoryProgress): void =>
  lease.note((state) => ({ ...state, inventory: { ...state.inventory, [side]: progress } }));

/**
 * Walks the lists of a pass from where it stands, several bags at a time, and compares each with the ledger. Where it stopped, be it in
 * the middle of a list, is stored, so that the next poll goes on there; a pass that came to its end is part of the side's readings.
 */
export async function walkPass(ctx: PairContext, lease: PollLease, walk: PassToWalk): Promise<InventoryOutcome> {
  const { side, pass, until } = walk;
  const startedAt = ctx.clock.now();
  const unread = [...pass.unread];
  const unshown = [...(pass.unshown ?? [])];
  let found = 0;
  let storedAt = startedAt;
  const isTimeOver = (): boolean => until.signal?.aborted === true || ctx.clock.now() >= until.deadline;
  const passAt = (nextList: ListPath, after: string | undefined): Pass => ({
    ...pass,
    nextList,
    after,
    busyMs: pass.busyMs + ctx.clock.now() - startedAt,
    unread: [...unread],
    unshown: [...unshown],
  });
  /** What was read of the list that the pass began with stays read. */
  const readOf = (list: ListPath): string | undefined => (list === pass.nextList ? pass.after : undefined);
  const storeAt = async (nextList: ListPath, after = readOf(nextList)): Promise<void> => {
    noteProgress(lease, side, { ...lease.state().inventory[side], pass: passAt(nextList, after) });
    await lease.store();
    storedAt = ctx.clock.now();
  };

  let bags: readonly string[] | undefined;
  let next: ListPath | undefined = pass.nextList;
  while (next !== undefined && next !== END) {
    // A poll that comes here late reads something all the same, or slow probes would keep an inventory from ever moving.
    const isCut = until.signal?.aborted === true || (isTimeOver() && next !== pass.nextList);
    if (isCut || ctx.clock.now() - storedAt >= STORE_EVERY_MS) await storeAt(next);
    if (isCut) return { outcome: 'cut' };

    const readAt = ctx.clock.now();
    // A pass that goes on behind the list of bags needs their names again; unread, their lists are unread too.
    const lacksBags = next.startsWith('/data/') && bags === undefined;
    // The rest of a list has the poll for itself: what is read beside it would be cut and thrown away again and again.
    const results = lacksBags
      ? [await readBagNames(ctx, side)]
      : await compareLists(ctx, lease, { ...walk, isTimeOver }, readOf(next) ? [next] : batchFrom(next, bags ?? []));
    const broken = results.find(({ failure }) => failure?.outcome === 'endpoint')?.failure;
    if (broken !== undefined) {
      await storeAt(next);
      await openBreaker(ctx, broken);
      return { outcome: 'endpoint', problem: broken.text };
    }
    // What was read behind a list that is not through is read again with the rest of that.
    const cut = results.find(({ cutAt }) => cutAt !== undefined);
    const through = cut === undefined ? results : results.slice(0, results.indexOf(cut) + 1);
    for (const result of through) {
      found += result.found;
      bags ??= result.bags;
      unread.push(...unreadLists(ctx, side, result));
      unshown.push(...unshownObjects(result));
    }
    const bagLists = (bags ?? []).map(listOfBag);
    if (lacksBags) {
      // The bag that comes next may be deleted since: then it is no list that cannot be read.
      if (!bagLists.includes(next)) next = listAfter(ctx.rules.lists, next, bagLists);
      continue;
    }
    if (side === 'primary' && next === NAMED_CONTENT_LIST) noteContentListed(lease, results, readAt, walk);
    if (cut !== undefined) {
      await storeAt(cut.list, cut.cutAt);
      return { outcome: 'cut' };
    }
    next = listAfter(ctx.rules.lists, results.at(-1)?.list ?? next, bagLists);
  }
  noteProgress(lease, side, progressAfter(lease.state().inventory[side], passAt(END, undefined), ctx.clock.now()));
  if (found > 0)
    ctx.log('info', `the inventory of the ${side} found differences`, { scope: pass.scope, objects: found });
  return { outcome: 'done' };
}

const listOfBag = (bag: string): ListPath => `/data/${bag}`;

/** The lists that are read together: bags side by side, every other list by itself. */
function batchFrom(next: ListPath, bags: readonly string[]): readonly ListPath[] {
  const lists = bags.map(listOfBag);
  const first = lists.indexOf(next);
  return first < 0 ? [next] : lists.slice(first, first + LISTS_AT_ONCE);
}

const compareLists = (
  ctx: PairContext,
  lease: PollLease,
  walk: Omit<ListOfPass, 'list'>,
  lists: readonly ListPath[],
): Promise<readonly ListResult[]> =>
  pMap(lists, (list) => compareList(ctx, lease, { ...walk, list }), { concurrency: LISTS_AT_ONCE });

/** The list, when it could not be read. */
function unreadLists(ctx: PairContext, side: Side, { list, failure }: ListResult): readonly Unread[] {
  if (failure === undefined) return [];
  ctx.log('warn', `a list cannot be read; nothing of it is deleted: ${failure.text}`, { side, list });
  return [{ list, reason: failure.text }];
}

/** The list, when some of its objects could not be read. */
function unshownObjects({ list, unread = [] }: ListResult): readonly Unread[] {
  const [first] = unread;
  return first === undefined ? [] : [{ list, reason: `${unread.length} of its objects, the first because: ${first}` }];
}

/** Definitions wait until the content that they may name was listed. A list that two polls running cannot read keeps none of them waiting. */
function noteContentListed(
  lease: PollLease,
  [result]: readonly ListResult[],
  listedAt: number,
  { wasContentUnread }: PassToWalk,
): void {
  const isAnswered = result?.failure === undefined || wasContentUnread;
  if (isAnswered) lease.note((state) => ({ ...state, contentListedAt: listedAt }));
}
