import { ChefRequestError } from '../model/chef-request-error.ts';
import { isListOfContainers, type ListPath } from '../model/object-path.ts';
import type { Pass } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import type { FailureDecision } from '../plan/classify-response.ts';
import { listPass } from '../plan/list-pass.ts';
import { judge } from './breaker.ts';
import { comparePrimaryList } from './compare-primary-list.ts';
import { compareReplicaList } from './compare-replica-list.ts';
import { keepUnknownPaths } from './keep-unknown-paths.ts';
import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { type Members, readMembers } from './read-list.ts';

/** What the reading of one list of a pass came to. */
export interface ListResult {
  readonly list: ListPath;
  /** How many of its objects were not as the ledger had them. */
  readonly found: number;
  /** Bags to walk, when this list told of them. */
  readonly bags?: readonly string[];
  /** Why objects of the list were not shown. */
  readonly unread?: readonly string[];
  /** The list is longer than the time of this poll: behind this name it goes on. */
  readonly cutAt?: string;
  /** Why the list is unread; then nothing of it changed. */
  readonly failure?: FailureDecision;
}

/** One list, and the pass of a side that reads it. */
export interface ListOfPass {
  readonly side: Side;
  readonly list: ListPath;
  readonly pass: Pass;
  /** Number of the first pass of this side in this poll. */
  readonly firstOfPoll: number;
  readonly isTimeOver: () => boolean;
}

/** Compares one list of either side with the ledger. That it cannot be read is a result, and what that means is judged. */
export async function compareList(ctx: PairContext, lease: PollLease, what: ListOfPass): Promise<ListResult> {
  const { list } = what;
  try {
    return { list, ...(await compare(ctx, lease, what)) };
  } catch (error) {
    return { list, found: 0, failure: await judged(ctx, error) };
  }
}

async function compare(
  ctx: PairContext,
  lease: PollLease,
  { side, list, isTimeOver, ...place }: ListOfPass,
): Promise<Omit<ListResult, 'list'>> {
  const comparison = listPass(lease.state(), { side, list, ...place });
  const bagsOf = (members: Members | undefined): readonly string[] | undefined =>
    isListOfContainers(list) && members !== undefined ? bagsToWalk(ctx, members) : undefined;
  if (side === 'replica') {
    const { drifted, members, ...rest } = await compareReplicaList(ctx, list, comparison, isTimeOver);
    return { ...rest, found: drifted, bags: bagsOf(members) };
  }
  const { observed, absent, members, ...rest } = await comparePrimaryList(ctx, list, comparison, isTimeOver);
  if (members !== undefined) {
    const unusable = members.unusable.map((name) => `${list}/${name}`);
    await keepUnknownPaths(ctx, lease, unusable, (path) => belongsTo(list, members, path));
  }
  return { ...rest, found: observed + absent, bags: bagsOf(members) };
}

/** Whether a list decides about a path: it would name that itself, or a bag of it that it does not name. What is in a bag, that bag's list says. */
function belongsTo(list: ListPath, { refs }: Members, path: string): boolean {
  if (!path.startsWith(`${list}/`)) return false;
  const [name = '', ...below] = path.slice(list.length + 1).split('/');
  return below.length === 0 || !isListOfContainers(list) || !refs.has(name);
}

/** The names of the bags alone, for a pass that goes on behind their list; none when that cannot be read. */
export async function readBagNames(ctx: PairContext, side: Side): Promise<ListResult> {
  const list = '/data';
  try {
    return { list, found: 0, bags: bagsToWalk(ctx, await readMembers(ctx, side, list)) };
  } catch (error) {
    return { list, found: 0, bags: [], failure: await judged(ctx, error) };
  }
}

/** Names that no request can carry are not among them: `/data/..` would be another resource. */
const bagsToWalk = (ctx: PairContext, members: Members): readonly string[] =>
  [...members.refs.keys()].filter(ctx.rules.isBagWanted).toSorted();

async function judged(ctx: PairContext, error: unknown): Promise<FailureDecision> {
  if (!(error instanceof ChefRequestError)) throw error;
  return await judge(ctx, error);
}
