import pMap from 'p-map';
import type { Job, ObjectLine, WalkPlace } from '../model/job.ts';
import type { ListPath, ObjectPath, ObjectRef } from '../model/object-path.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import { differingFields } from '../plan/normalised-form.ts';
import { judge } from './breaker.ts';
import { listAfter } from './list-after.ts';
import { isExpectedFailure, type PairSides } from './pair-context.ts';
import { type Members, readMembers } from './read-list.ts';

/** Objects read at a time on each side. */
const READS_AT_ONCE = 8;
/** Objects between two looks at the clock: a few seconds of reading. */
const OBJECTS_PER_STEP = 64;

/** What the walk found of one object, or of a list that cannot be read. */
export interface ComparedObject {
  readonly line: ObjectLine;
  /** Absent for a list, and for a name that no request can carry. */
  readonly ref?: ObjectRef;
  /** JSON texts, when both sides showed one. */
  readonly texts?: Readonly<Record<Side, string>>;
}

/** When a walk stops between two steps; one step is made in any case. */
export interface WalkEnd {
  /** Ms, by the clock of the walk. */
  readonly deadline: number;
  readonly now: () => number;
}

/**
 * Walks the lists of a pair from `place` (absent: from the beginning), reads every object on both sides and hands what it finds to `visit`,
 * several at a time, each once. Cookbook files are compared by their checksums. Answers where to go on, or undefined when every list was
 * walked. An object or a list that cannot be read is a finding. Changes nothing and needs no ledger. Rejects with a `SyncError` of scope
 * `endpoint` when a server cannot be used.
 */
export async function walkPair(
  sides: PairSides,
  place: WalkPlace | undefined,
  end: WalkEnd,
  visit: (found: ComparedObject) => Promise<void>,
): Promise<WalkPlace | undefined> {
  let bags: Bags | undefined;
  let at: WalkPlace | undefined = place ?? firstOf(sides.rules.lists);
  while (at !== undefined) {
    const { list, after } = at;
    if (list.startsWith('/data')) bags ??= await readBags(sides);
    // A bag may be gone since the slice before: then its list is no list any more.
    if (!isInBag(list) || bags?.lists.includes(list) === true) {
      const stoppedAt = await walkList(sides, { list, after, only: bags?.onlyOn.get(list) }, end, visit);
      if (stoppedAt !== undefined) return { list, after: stoppedAt };
    }
    const next = listAfter(sides.rules.lists, list, bags?.lists ?? []);
    at = next === undefined ? undefined : { list: next };
    if (at !== undefined && end.now() >= end.deadline) return at;
  }
  return undefined;
}

/** The place of a job that walks. */
export function walkPlace({ place }: Job): WalkPlace | undefined {
  if (place !== undefined && 'index' in place) throw new Error('a job that walks has a place in a list');
  return place;
}

const isInBag = (list: ListPath): boolean => list.startsWith('/data/');

const firstOf = (lists: readonly ListPath[]): WalkPlace | undefined =>
  lists[0] === undefined ? undefined : { list: lists[0] };

/** The lists of items, in order, and on which side alone a bag is. */
interface Bags {
  readonly lists: readonly ListPath[];
  readonly onlyOn: ReadonlyMap<ListPath, Side>;
}

/** A list of bags that cannot be read shows no bags; that it cannot is a finding of its own. */
async function readBags(sides: PairSides): Promise<Bags> {
  const pathsOn = async (side: Side): Promise<ReadonlySet<ListPath>> => {
    const { refs } = await readMembers(sides, side, '/data');
    return new Set([...refs.values()].filter(({ name }) => sides.rules.isBagWanted(name)).map(({ path }) => path));
  };
  try {
    const [primary, replica] = await Promise.all([pathsOn('primary'), pathsOn('replica')]);
    const onlyOn = new Map<ListPath, Side>([
      ...[...primary].filter((path) => !replica.has(path)).map((path) => [path, 'primary'] as const),
      ...[...replica].filter((path) => !primary.has(path)).map((path) => [path, 'replica'] as const),
    ]);
    return { lists: [...new Set([...primary, ...replica])].sort(), onlyOn };
  } catch (error) {
    await reasonOf(sides, error);
    return { lists: [], onlyOn: new Map() };
  }
}

interface ListToWalk {
  readonly list: ListPath;
  readonly after: string | undefined;
  /** Its bag is on this side alone: the other one has no such list. */
  readonly only: Side | undefined;
}

/** Answers the name behind which to go on when time is over. */
async function walkList(
  sides: PairSides,
  { list, after, only }: ListToWalk,
  end: WalkEnd,
  visit: (found: ComparedObject) => Promise<void>,
): Promise<string | undefined> {
  const membersOn = async (side: Side): Promise<Members> =>
    only === undefined || only === side ? await readMembers(sides, side, list) : { refs: new Map(), unusable: [] };
  let members: Readonly<Record<Side, Members>>;
  try {
    members = { primary: await membersOn('primary'), replica: await membersOn('replica') };
  } catch (error) {
    await visit({ line: { sign: '!', path: list, reason: await reasonOf(sides, error) } });
    return undefined;
  }
  if (after === undefined) {
    for (const name of members.primary.unusable) await visit({ line: uncarriable(`${list}/${name}`) });
  }
  const { primary, replica } = members;
  const names = [...new Set([...primary.refs.keys(), ...replica.refs.keys()])]
    .filter((name) => after === undefined || name > after)
    .sort();
  for (let start = 0; start < names.length; start += OBJECTS_PER_STEP) {
    const step = names.slice(start, start + OBJECTS_PER_STEP);
    await pMap(step, async (name) => visit(await compare(sides, primary.refs.get(name), replica.refs.get(name))), {
      concurrency: READS_AT_ONCE,
    });
    const isLast = start + OBJECTS_PER_STEP >= names.length;
    if (!isLast && end.now() >= end.deadline) return step.at(-1);
  }
  return undefined;
}

async function compare(
  sides: PairSides,
  source: ObjectRef | undefined,
  copy: ObjectRef | undefined,
): Promise<ComparedObject> {
  const ref = source ?? copy;
  if (ref === undefined) throw new Error('a name of neither side');
  const { path } = ref;
  if (copy === undefined) return { ref, line: { sign: '+', path } };
  if (source === undefined) return { ref, line: { sign: '-', path } };
  try {
    return await compareTexts(sides, ref);
  } catch (error) {
    return { ref, line: { sign: '!', path, reason: await reasonOf(sides, error) } };
  }
}

async function compareTexts({ primary, replica }: PairSides, ref: ObjectRef): Promise<ComparedObject> {
  const { path } = ref;
  const [source, copy] = await Promise.all([primary.read(ref), replica.read(ref)]);
  if ('missing' in source) return { ref, line: unfound(path, 'primary') };
  if ('missing' in copy) return { ref, line: unfound(path, 'replica') };
  const texts = { primary: source.text, replica: copy.text };
  const fields = differingFields(ref.kind, source.text, copy.text);
  return { ref, texts, line: fields.length === 0 ? { sign: '=', path } : { sign: '*', path, fields } };
}

/** What the primary shows of an object; undefined when it has none. */
export async function sourceText({ primary }: PairSides, ref: ObjectRef): Promise<string | undefined> {
  const found = await primary.read(ref);
  return 'missing' in found ? undefined : found.text;
}

const unfound = (path: ObjectPath, side: Side): ObjectLine => ({
  sign: '!',
  path,
  reason: `The ${side} lists it and does not find it.`,
});

const uncarriable = (path: ObjectPath): ObjectLine => ({
  sign: '!',
  path,
  reason: 'The primary has an object of a name that no request can carry: rename it there.',
});

/** Why this path alone cannot be read. Throws what concerns the whole server, or is a fault of ours. */
export async function reasonOf(sides: PairSides, error: unknown): Promise<string> {
  if (!isExpectedFailure(error) || (error instanceof SyncError && error.scope === 'endpoint')) throw error;
  const { outcome, code, text, side } = await judge(sides, error);
  if (outcome === 'endpoint') {
    throw new SyncError(text, { code, scope: 'endpoint', retry: 'later', side }, { cause: error });
  }
  return text;
}
