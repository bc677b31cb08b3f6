import { containerPattern, KIND_ROWS, OBJECT_KINDS, type ObjectKind } from './object-kind.ts';

/** Path of an object relative to its organization, as the feed prints it: `/roles/web`, `/data/BAG/ITEM`, `/cookbooks/NAME/1.2.0`. */
export type ObjectPath = `/${string}`;

/** Path of a list of names relative to its organization: `/cookbooks`, `/data`, `/data/BAG`, `/roles`, `/environments`. */
export type ListPath = `/${string}`;

/** An object a pair can replicate. Build one only with {@link objectRef} or {@link parseObjectPath}: then its names are safe in a URL. */
export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly path: ObjectPath;
  /** Cookbook name or data bag, for kinds that live in one. */
  readonly container?: string;
  /** Version of a cookbook, id of an item, else the object's own name. */
  readonly name: string;
}

/** A path that names no object of a known kind: kept and reported, never acted upon. */
export interface UnknownPath {
  readonly unknown: string;
  readonly reason: string;
}

/**
 * Why a name cannot be put into a request, or undefined when it can. `.` and `..` match Chef's own patterns, but every HTTP client
 * collapses them: `DELETE …/roles/..` would become `DELETE /organizations/ORG/`.
 */
function nameProblem(name: string, pattern: RegExp): string | undefined {
  if (name === '.' || name === '..') return `the name "${name}" would address another resource`;
  if (!pattern.test(name)) return 'the name has characters that Chef does not allow';
  return undefined;
}

/** Servers store versions as integers: `1.2` and `01.2.3` are listed as `1.2.0` and `1.2.3`. Other texts come back unchanged. */
export function canonicalVersion(version: string): string {
  if (!/^\d+(\.\d+){0,2}$/.test(version)) return version;
  const parts = version.split('.').map((part) => BigInt(part).toString());
  while (parts.length < 3) parts.push('0');
  return parts.join('.');
}

/** The reference of an object, or why none can be made of these names. */
export function objectRef(kind: ObjectKind, names: readonly string[]): ObjectRef | UnknownPath {
  const row = OBJECT_KINDS[kind];
  const last = names.at(-1) ?? '';
  const name = kind === 'cookbook_version' ? canonicalVersion(last) : last;
  const shown = `/${[row.root, ...names].join('/')}`;
  if (names.length !== row.nameCount) return { unknown: shown, reason: 'the path has too many or too few segments' };
  const container = row.nameCount === 2 ? names[0] : undefined;
  const problem =
    (container === undefined ? undefined : nameProblem(container, containerPattern(kind))) ??
    nameProblem(name, row.namePattern);
  if (problem !== undefined) return { unknown: shown, reason: problem };
  return container === undefined
    ? { kind, name, path: `/${row.root}/${name}` }
    : { kind, name, container, path: `/${row.root}/${container}/${name}` };
}

/**
 * Reads a path in any of the spellings a feed or an operator may use: relative to the organization, prefixed with
 * `/organizations/ORG`, a whole URL, or with the configuration's word (`data_bags/BAG/ITEM`).
 */
export function parseObjectPath(text: string): ObjectRef | UnknownPath {
  const relative = text
    .replace(/^https?:\/\/[^/]+/i, '')
    .replace(/^\/?organizations\/[^/]+/, '')
    .replace(/^\/+/, '');
  const [first = '', ...names] = relative.split('/');
  const row = KIND_ROWS.find((r) => (r.root === first || r.objectsWord === first) && r.nameCount === names.length);
  if (row === undefined) return { unknown: text, reason: 'it is no path of a replicated kind' };
  const ref = objectRef(row.kind, names);
  return 'unknown' in ref ? { unknown: text, reason: ref.reason } : ref;
}

/** The list an object is a member of. */
export function listOf(ref: ObjectRef): ListPath {
  const { root } = OBJECT_KINDS[ref.kind];
  return ref.kind === 'data_bag_item' ? `/${root}/${ref.container}` : `/${root}`;
}

/** The kind of a list's members. */
export function kindOfList(list: ListPath): ObjectKind {
  const [, root, container] = list.split('/');
  if (root === 'data') return container === undefined ? 'data_bag' : 'data_bag_item';
  const row = KIND_ROWS.find((r) => r.root === root);
  if (row === undefined) throw new Error(`${list} is no list of a replicated kind`);
  return row.kind;
}

/** Whether the list's members have lists of members of their own, at their own paths: `/data` has `/data/BAG`. */
export const isListOfContainers = (list: ListPath): boolean => OBJECT_KINDS[kindOfList(list)].isContainer;

/** The reference of a list's member; names of cookbook versions are `NAME/VERSION`, of all others the bare name. */
export function memberOf(list: ListPath, name: string): ObjectRef | UnknownPath {
  const kind = kindOfList(list);
  if (kind === 'data_bag_item') return objectRef(kind, [list.slice('/data/'.length), name]);
  return objectRef(kind, kind === 'cookbook_version' ? name.split('/') : [name]);
}

/** The name under which an object stands in its list, the inverse of {@link memberOf}. */
export function nameInList(ref: ObjectRef): string {
  return ref.kind === 'cookbook_version' ? `${ref.container}/${ref.name}` : ref.name;
}

/** Reads a path that this program wrote itself; throws when it is none, which is a fault of ours. */
export function trustedRef(path: string): ObjectRef {
  const ref = parseObjectPath(path);
  if ('unknown' in ref) throw new Error(`the ledger holds an impossible path ${path}: ${ref.reason}`);
  return ref;
}

/** The spelling of the configuration's globs: `data_bags/BAG/ITEM`, `cookbooks/NAME/VERSION`, `roles/NAME`. */
export function globPath(ref: ObjectRef): string {
  const names = ref.container === undefined ? [ref.name] : [ref.container, ref.name];
  return [OBJECT_KINDS[ref.kind].objectsWord, ...names].join('/');
}
