import pMap from 'p-map';
import { ChefRequestError } from '../model/chef-request-error.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { kindOfList, type ListPath, memberOf, nameInList, type ObjectRef } from '../model/object-path.ts';
import type { Seen } from '../model/seen.ts';
import type { Side } from '../model/side.ts';
import { isFrozenObject } from '../plan/normalised-form.ts';
import { judge } from './breaker.ts';
import { fingerprintOf, isExpectedFailure, orgOf, type PairContext, type PairSides } from './pair-context.ts';

/** Single reads of one list under way at a time; the server's own bound on requests in flight comes on top. */
const READS_AT_ONCE = 8;

/** A list's members inside the filter, by name. */
export interface Members {
  readonly refs: ReadonlyMap<string, ObjectRef>;
  /** Names inside the organization that no request can carry: reported, never touched. */
  readonly unusable: readonly string[];
}

/** The complete names of a list. Throws `ChefRequestError` when it cannot be read: an unreadable list is never an empty one. */
export async function readMembers(ctx: PairSides, side: Side, list: ListPath): Promise<Members> {
  const refs = new Map<string, ObjectRef>();
  const unusable: string[] = [];
  for (const name of await orgOf(ctx, side).names(list)) {
    const ref = memberOf(list, name);
    if ('unknown' in ref) unusable.push(name);
    // Under the name that the ledger's path gives it: a lax server lists version 1.2.0 as 1.2.
    else if (ctx.rules.isWanted(ref)) refs.set(nameInList(ref), ref);
  }
  return { refs, unusable };
}

/** What is there under other names. */
export const without = <V>(map: ReadonlyMap<string, V>, names: ReadonlySet<string>): ReadonlyMap<string, V> =>
  new Map([...map].filter(([name]) => !names.has(name)));

/**
 * Bodies of a list in bulk, by name; undefined when this list has no bulk read or the server's search does not work: then every body is
 * read by itself. A body that cannot be compared is left out.
 */
export async function readBulk(
  ctx: PairContext,
  side: Side,
  list: ListPath,
): Promise<ReadonlyMap<string, Seen> | undefined> {
  const bodies = await searchOrNothing(ctx, side, list);
  if (bodies === undefined) return undefined;
  const seen = new Map<string, Seen>();
  for (const [name, text] of bodies) {
    const ref = memberOf(list, name);
    if ('unknown' in ref || !ctx.rules.isWanted(ref)) continue;
    const one = seenIn(ctx, ref, text, true);
    if (one !== undefined) seen.set(name, one);
  }
  return seen;
}

async function searchOrNothing(
  ctx: PairContext,
  side: Side,
  list: ListPath,
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await orgOf(ctx, side).bodies(list);
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    ctx.log('warn', `search does not answer, bodies are read one by one: ${error.message}`, { side, list });
    return undefined;
  }
}

/** The bodies of what shows nothing but its name. */
export const nameBodies = (ctx: PairContext, members: Members): ReadonlyMap<string, Seen> =>
  new Map(
    [...members.refs].map(([name, ref]) => [
      name,
      { fingerprint: fingerprintOf(ctx, ref, JSON.stringify({ name })), isFrozen: false, isFromSearch: false },
    ]),
  );

/** Bodies that were read, by name, and why others were not shown, one sentence each. */
export interface Bodies {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly unread: readonly string[];
  /** The last name that was looked at, when time was over before all of them were. */
  readonly cutAt?: string;
}

/**
 * The bodies of single objects. Objects that are missing, cannot be compared or are not shown are left out: a listed object that answers
 * 404 is no evidence of anything, and one that always fails must not hide the others. They are read in the order of their names until time
 * is over, a few in any case, so that every poll gets further. Throws when the server fails.
 */
export async function readBodies(
  ctx: PairContext,
  side: Side,
  refs: ReadonlyMap<string, ObjectRef>,
  isTimeOver: () => boolean,
): Promise<Bodies> {
  const org = orgOf(ctx, side);
  const seen = new Map<string, Seen>();
  const unread: string[] = [];
  let begunCount = 0;
  let last: string | undefined;
  let isCut = false;
  await pMap(
    inOrder(refs),
    async ([name, ref]) => {
      if (begunCount >= READS_AT_ONCE && (isCut || isTimeOver())) {
        isCut = true;
        return;
      }
      begunCount += 1;
      last = name;
      const found = await org.read(ref).catch((error: unknown) => unlessOfServer(ctx, ref, error));
      if ('notShown' in found) unread.push(found.notShown);
      if (!('text' in found)) return;
      const one = seenIn(ctx, ref, found.text, false);
      if (one !== undefined) seen.set(name, one);
    },
    { concurrency: READS_AT_ONCE },
  );
  return { seen, unread, cutAt: isCut ? last : undefined };
}

const inOrder = (refs: ReadonlyMap<string, ObjectRef>): readonly (readonly [string, ObjectRef])[] =>
  [...refs].sort(([one], [other]) => (one < other ? -1 : 1));

async function unlessOfServer(
  ctx: PairContext,
  ref: ObjectRef,
  error: unknown,
): Promise<{ readonly notShown: string }> {
  if (!(error instanceof ChefRequestError)) throw error;
  const { outcome, text, side } = await judge(ctx, error);
  if (outcome === 'endpoint') throw error;
  ctx.log('warn', `a listed object cannot be read: ${text}`, { side, path: ref.path });
  return { notShown: text };
}

function seenIn(ctx: PairContext, ref: ObjectRef, text: string, isFromSearch: boolean): Seen | undefined {
  try {
    return { fingerprint: fingerprintOf(ctx, ref, text), isFrozen: isFrozenObject(ref.kind, text), isFromSearch };
  } catch (error) {
    if (!isExpectedFailure(error)) throw error;
    ctx.log('warn', `an object cannot be compared: ${error.message}`, { path: ref.path });
    return undefined;
  }
}

/**
 * How the bodies of a list's members are read: in bulk from search; one by one, which is why frozen ones are trusted between full readings;
 * or not at all, because they show nothing but their names.
 */
export function bodiesOf(list: ListPath): 'bulk' | 'one by one' | 'none' {
  const { hasBody, searchIndex } = OBJECT_KINDS[kindOfList(list)];
  if (!hasBody) return 'none';
  return searchIndex === undefined ? 'one by one' : 'bulk';
}
