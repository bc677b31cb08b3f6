import pMap from 'p-map';
import { isListOfContainers, type ListPath, type ObjectPath, type ObjectRef } from '../model/object-path.ts';
import { SyncError } from '../model/sync-error.ts';
import { differingFields } from '../plan/normalised-form.ts';
import { judge } from './breaker.ts';
import { isExpectedFailure, type PairSides } from './pair-context.ts';
import { readMembers } from './read-list.ts';

/** Objects read at a time on each side. */
const READS_AT_ONCE = 8;

/** One object of either side: `=` equal, `+` only on the primary, `-` only on the replica, `*` different, `!` not readable. */
export interface Comparison {
  readonly sign: '=' | '+' | '-' | '*' | '!';
  /** Of a list that cannot be read, the list. */
  readonly path: ObjectPath | ListPath;
  /** Names of the fields and files that differ, never their values. */
  readonly fields?: readonly string[];
  /** Why it is not readable, in one sentence. */
  readonly reason?: string;
}

/**
 * Reads both sides completely and compares them object by object, cookbook files by their checksums. Changes nothing and needs no ledger.
 * `onCompared` hears how many objects were compared so far. Rejects with a `SyncError` of scope `endpoint` when a server cannot be used.
 */
export async function comparePair(
  ctx: PairSides,
  onCompared: (count: number) => void = () => undefined,
): Promise<readonly Comparison[]> {
  const results: Comparison[] = [];
  const compare = async (list: ListPath, isOnlyOnPrimary = false): Promise<readonly Comparison[]> => {
    const compared = await unlessUnreadable(ctx, list, () =>
      compareList(ctx, list, isOnlyOnPrimary, (count) => onCompared(results.length + count)),
    );
    results.push(...compared);
    return compared;
  };
  for (const list of ctx.rules.lists) {
    const compared = await compare(list);
    if (!isListOfContainers(list)) continue;
    for (const { sign, path } of compared) {
      const isBagToRead = (sign === '=' || sign === '+') && ctx.rules.isBagWanted(path.slice('/data/'.length));
      if (isBagToRead) await compare(path, sign === '+');
    }
  }
  return results.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function compareList(
  ctx: PairSides,
  list: ListPath,
  isOnlyOnPrimary: boolean,
  onCompared: (count: number) => void,
): Promise<readonly Comparison[]> {
  const { refs: primary, unusable } = await readMembers(ctx, 'primary', list);
  const replica = isOnlyOnPrimary ? new Map<string, ObjectRef>() : (await readMembers(ctx, 'replica', list)).refs;
  const names = [...new Set([...primary.keys(), ...replica.keys()])];
  let count = 0;
  const compared = await pMap(
    names,
    async (name): Promise<readonly Comparison[]> => {
      const [source, copy] = [primary.get(name), replica.get(name)];
      const found =
        source === undefined
          ? [{ sign: '-', path: copy?.path ?? list } as const]
          : copy === undefined
            ? [{ sign: '+', path: source.path } as const]
            : await unlessUnreadable(ctx, source.path, async () => [await compareObject(ctx, source)]);
      count += 1;
      onCompared(count);
      return found;
    },
    { concurrency: READS_AT_ONCE },
  );
  const uncarriable = unusable.map(
    (name): Comparison => ({
      sign: '!',
      path: `${list}/${name}`,
      reason: 'The primary has an object of a name that no request can carry: rename it there.',
    }),
  );
  return [...compared.flat(), ...uncarriable];
}

/** What `read` finds; a failure of this path alone is a finding too, one of the whole server ends the comparison. */
async function unlessUnreadable(
  ctx: PairSides,
  path: ObjectPath | ListPath,
  read: () => Promise<readonly Comparison[]>,
): Promise<readonly Comparison[]> {
  try {
    return await read();
  } catch (error) {
    if (!isExpectedFailure(error) || (error instanceof SyncError && error.scope === 'endpoint')) throw error;
    const { outcome, code, text, side } = await judge(ctx, error);
    if (outcome === 'endpoint') {
      throw new SyncError(text, { code, scope: 'endpoint', retry: 'later', side }, { cause: error });
    }
    return [{ sign: '!', path, reason: text }];
  }
}

async function compareObject({ primary, replica }: PairSides, ref: ObjectRef): Promise<Comparison> {
  const [source, copy] = await Promise.all([primary.read(ref), replica.read(ref)]);
  if ('missing' in source) return { sign: '!', path: ref.path, reason: 'The primary lists it and does not find it.' };
  if ('missing' in copy) return { sign: '!', path: ref.path, reason: 'The replica lists it and does not find it.' };
  const fields = differingFields(ref.kind, source.text, copy.text);
  return fields.length === 0 ? { sign: '=', path: ref.path } : { sign: '*', path: ref.path, fields };
}
