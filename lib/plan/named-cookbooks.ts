import type { ObjectKind } from '../model/object-kind.ts';
import { canonicalVersion } from '../model/object-path.ts';
import { type ExactJson, type ExactObject, parseExactObject } from './exact-json.ts';

/** A cookbook that a role or an environment names. */
export interface NamedCookbook {
  readonly name: string;
  /** Which of its versions would do, as the definition writes it: `= 1.2.0`, `~> 1.2`, or a bare version. Absent: any of them. */
  readonly constraint?: string;
}

/** Where the objects of a kind name cookbooks: roles in their run lists, environments in their `cookbook_versions`. */
const NAMED: Readonly<Record<ObjectKind, (object: ExactObject) => readonly NamedCookbook[]>> = {
  cookbook_version: () => [],
  data_bag: () => [],
  data_bag_item: () => [],
  role: ofRole,
  environment: ofEnvironment,
};

/**
 * The cookbooks that an object names. Whatever has not the form that Chef documents names none. Throws a `SyncError` of scope `object` when
 * the text is no JSON object.
 */
export const namedCookbooks = (kind: ObjectKind, text: string): readonly NamedCookbook[] =>
  NAMED[kind](parseExactObject(text));

function ofRole(role: ExactObject): readonly NamedCookbook[] {
  const byEnvironment = role.get('env_run_lists');
  const lists = [role.get('run_list'), ...(byEnvironment instanceof Map ? byEnvironment.values() : [])];
  return lists.flatMap((list) => (Array.isArray(list) ? list : [])).flatMap(ofRunListItem);
}

/** `recipe[apt]`, `recipe[apt::security@1.2.0]`, or the same without its brackets. A role names no cookbook by itself. */
const RECIPE = /^(?:recipe\[)?([^[\]:@]+)(?:::[^[\]:@]+)?(?:@([^[\]:@]+))?\]?$/;

function ofRunListItem(item: ExactJson): readonly NamedCookbook[] {
  const [, name, constraint] = (typeof item === 'string' && RECIPE.exec(item)) || [];
  return name === undefined ? [] : [{ name, constraint }];
}

function ofEnvironment(environment: ExactObject): readonly NamedCookbook[] {
  const versions = environment.get('cookbook_versions');
  if (!(versions instanceof Map)) return [];
  return [...versions].flatMap(([name, constraint]) => (typeof constraint === 'string' ? [{ name, constraint }] : []));
}

/** An operator and one to three numbers; without an operator it is `=`. */
const CONSTRAINT = /^\s*(<=|>=|~>|<|>|=)?\s*(\d+(?:\.\d+){0,2})\s*$/;

/** Whether this version would do. A constraint that is none, as old servers keep some, asks for nothing. */
export function isMetBy({ constraint = '' }: NamedCookbook, version: string): boolean {
  const [, operator = '=', wanted] = CONSTRAINT.exec(constraint) ?? [];
  if (wanted === undefined) return true;
  const order = compareVersions(version, wanted);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '~>':
      return order >= 0 && compareVersions(version, firstBeyond(wanted)) < 0;
    default:
      return order === 0;
  }
}

const partsOf = (version: string): readonly bigint[] => canonicalVersion(version).split('.').map(BigInt);

function compareVersions(one: string, other: string): number {
  const others = partsOf(other);
  for (const [index, part] of partsOf(one).entries()) {
    const against = others[index] ?? 0n;
    if (part !== against) return part < against ? -1 : 1;
  }
  return 0;
}

/** `~> 1.2.3` ends before 1.3, `~> 1.2` and `~> 1` before 2. */
function firstBeyond(version: string): string {
  const [major = 0n, minor = 0n] = partsOf(version);
  return version.split('.').length === 3 ? `${major}.${minor + 1n}` : `${major + 1n}`;
}
