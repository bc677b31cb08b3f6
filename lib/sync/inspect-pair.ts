import pMap from 'p-map';
import { kindOfList, type ListPath, type ObjectPath, type ObjectRef } from '../model/object-path.ts';
import { differingFields } from '../plan/normalised-form.ts';
import type { ChefOrg } from '../ports/chef-org.ts';
import type { PairContext } from './pair-context.ts';
import { readMembers } from './read-list.ts';

/** Objects read at a time on each side. */
const READS_AT_ONCE = 8;

/** One object of either side: `=` equal, `+` only on the primary, `-` only on the replica, `*` different, `!` not readable. */
export interface Comparison {
  readonly sign: '=' | '+' | '-' | '*' | '!';
  readonly path: ObjectPath;
  /** Names of the fields and files that differ, never their values. */
  readonly fields?: readonly string[];
}

/** Reads both sides completely and compares them object by object, cookbook files by their checksums. Changes nothing. Rejects when a list cannot be read. */
export async function comparePair(ctx: PairContext): Promise<readonly Comparison[]> {
  const results: Comparison[] = [];
  for (const list of ctx.rules.lists) {
    results.push(...(await compareList(ctx, list)));
    if (kindOfList(list) !== 'data_bag') continue;
    const bags = results.filter((one) => one.path.startsWith('/data/') && (one.sign === '=' || one.sign === '+'));
    for (const bag of bags) {
      if (ctx.rules.isBagWanted(bag.path.slice('/data/'.length)))
        results.push(...(await compareList(ctx, bag.path, bag.sign === '+')));
    }
  }
  return results.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function compareList(ctx: PairContext, list: ListPath, isOnlyOnPrimary = false): Promise<readonly Comparison[]> {
  const primary = (await readMembers(ctx, 'primary', list)).refs;
  const replica = isOnlyOnPrimary ? new Map<string, ObjectRef>() : (await readMembers(ctx, 'replica', list)).refs;
  const names = [...new Set([...primary.keys(), ...replica.keys()])];
  return await pMap(
    names,
    async (name): Promise<Comparison> => {
      const [source, copy] = [primary.get(name), replica.get(name)];
      if (source === undefined) return { sign: '-', path: copy?.path ?? '/' };
      if (copy === undefined) return { sign: '+', path: source.path };
      return await compareObject(ctx.primary, ctx.replica, source);
    },
    { concurrency: READS_AT_ONCE },
  );
}

async function compareObject(primary: ChefOrg, replica: ChefOrg, ref: ObjectRef): Promise<Comparison> {
  const [source, copy] = await Promise.all([primary.read(ref), replica.read(ref)]);
  if ('missing' in source || 'missing' in copy) return { sign: '!', path: ref.path };
  const fields = differingFields(ref.kind, source.text, copy.text);
  return fields.length === 0 ? { sign: '=', path: ref.path } : { sign: '*', path: ref.path, fields };
}
