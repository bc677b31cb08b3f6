import { COOKBOOK_SEGMENTS } from '../model/cookbook-segments.ts';
import { OBJECT_KINDS, type ObjectKind } from '../model/object-kind.ts';
import { type ExactJson, type ExactObject, parseExactObject, unreadable, writeExactJson } from './exact-json.ts';

/**
 * Canonical text of an object: two objects of a kind are equal if and only if their texts are. What servers add, drop, reorder or rewrite
 * by themselves makes no difference. Throws a `SyncError` of scope `object` when the text is no JSON object or no manifest.
 */
export function normalisedForm(kind: ObjectKind, text: string): string {
  return writeExactJson(formOf(kind, text));
}

/**
 * Names of the top-level fields in which two objects of a kind differ, and for cookbook versions the paths of the files that do; sorted,
 * empty if and only if they are equal. Never a value: values may be secrets. Throws as {@link normalisedForm} does.
 */
export function differingFields(kind: ObjectKind, a: string, b: string): string[] {
  return differingValues(kind, a, b).map(({ field }) => field);
}

/** A field in which two objects differ, with both values in canonical JSON; absent where an object lacks it. */
export interface DifferingValue {
  readonly field: string;
  readonly a?: string;
  readonly b?: string;
}

/**
 * As {@link differingFields}, with the values. They may be secrets: only for the eyes of who asked, on the machine that read them. Throws as
 * {@link normalisedForm} does.
 */
export function differingValues(kind: ObjectKind, a: string, b: string): DifferingValue[] {
  const [formA, formB] = [formOf(kind, a), formOf(kind, b)];
  const values = differingKeys(formA, formB).flatMap((field) => {
    const [filesA, filesB] = [formA.get(field), formB.get(field)];
    const isFileMap =
      kind === 'cookbook_version' && field === 'files' && filesA instanceof Map && filesB instanceof Map;
    return isFileMap
      ? differingKeys(filesA, filesB).map((file) => valuesOf(file, filesA, filesB))
      : [valuesOf(field, formA, formB)];
  });
  return values.sort((one, other) => (one.field < other.field ? -1 : 1));
}

const valuesOf = (field: string, objectA: ExactObject, objectB: ExactObject): DifferingValue => {
  const [a, b] = [objectA.get(field), objectB.get(field)];
  return {
    field,
    ...(a === undefined ? {} : { a: writeExactJson(a) }),
    ...(b === undefined ? {} : { b: writeExactJson(b) }),
  };
};

/** Whether the object is of a kind that can be frozen, and is. An item may hold a field of that name, which means nothing. */
export const isFrozenObject = (kind: ObjectKind, text: string): boolean =>
  OBJECT_KINDS[kind].canBeFrozen && isFrozenManifest(text);

/** Whether a cookbook version's manifest says that it is frozen: no PUT can clear that, and only a forced one changes the rest. */
export function isFrozenManifest(text: string): boolean {
  return parseExactObject(text).get('frozen?') === true;
}

const FORMS: Readonly<Record<ObjectKind, (object: ExactObject) => ExactObject>> = {
  cookbook_version: manifestForm,
  // Servers ignore every other key of a bag.
  data_bag: (bag) => new Map([['name', bag.get('name') ?? null]]),
  // Whatever an item shows is data, `chef_type` and `data_bag` too: they are stored when somebody once sent a wrapped answer back.
  data_bag_item: (item) => item,
  role: roleForm,
  environment: (environment) => withDefaults(withoutConstants(environment), ENVIRONMENT_DEFAULTS),
};

const ENVIRONMENT_DEFAULTS: ReadonlyMap<string, ExactJson> = new Map<string, ExactJson>([
  ['description', ''],
  ['cookbook_versions', new Map()],
  ['default_attributes', new Map()],
  ['override_attributes', new Map()],
]);

const ROLE_DEFAULTS: ReadonlyMap<string, ExactJson> = new Map<string, ExactJson>([
  ['description', ''],
  ['default_attributes', new Map()],
  ['override_attributes', new Map()],
  ['run_list', []],
  ['env_run_lists', new Map()],
]);

/** What erchef adds on reading, goiardi and chef-zero on writing. */
const METADATA_DEFAULTS: ReadonlyMap<string, ExactJson> = new Map<string, ExactJson>([
  ['attributes', new Map()],
  ['dependencies', new Map()],
  ['long_description', ''],
  ['recipes', new Map()],
]);

/** Where a manifest lists its files: API v2 in one list, v0 and v1 by segment. */
const FILE_LISTS = ['all_files', ...COOKBOOK_SEGMENTS] as const;

function formOf(kind: ObjectKind, text: string): ExactObject {
  return FORMS[kind](parseExactObject(text));
}

function roleForm(role: ExactObject): ExactObject {
  const form = withDefaults(withoutConstants(role), ROLE_DEFAULTS);
  form.set('run_list', runListForm(form.get('run_list') ?? []));
  const byEnvironment = form.get('env_run_lists');
  if (byEnvironment instanceof Map) {
    const lists = [...byEnvironment].map(([name, list]): [string, ExactJson] => [name, runListForm(list)]);
    form.set('env_run_lists', new Map(lists));
  }
  return form;
}

/** `apt` means `recipe[apt]`, and only the first of equal entries counts; servers write both down on the way in. */
function runListForm(list: ExactJson): ExactJson {
  if (list === null) return [];
  if (!Array.isArray(list)) return list;
  const entries = list.map((entry) => (typeof entry === 'string' && !entry.includes('[') ? `recipe[${entry}]` : entry));
  return [...new Set(entries)];
}

/** Everything else in a manifest (`name`, `cookbook_name`, `version`, `json_class`, `chef_type`) follows from the object's path. */
function manifestForm(manifest: ExactObject): ExactObject {
  const metadata = manifest.get('metadata') ?? new Map();
  return new Map<string, ExactJson>([
    ['files', filesForm(manifest)],
    ['frozen?', manifest.get('frozen?') === true],
    ['metadata', metadata instanceof Map ? withDefaults(metadata, METADATA_DEFAULTS) : metadata],
  ]);
}

/** The checksums of a cookbook version's files, by their paths. Throws as {@link normalisedForm} does. */
export function manifestFiles(text: string): ReadonlyMap<string, string> {
  const files = [...filesForm(parseExactObject(text))];
  return new Map(files.map(([path, file]) => [path, file instanceof Map ? String(file.get('checksum')) : '']));
}

/** The files by path, whatever the form of the manifest. Their URLs expire and their order means nothing. */
function filesForm(manifest: ExactObject): ExactObject {
  const files: ExactObject = new Map();
  for (const list of FILE_LISTS) {
    const entries = manifest.get(list) ?? [];
    if (!Array.isArray(entries)) throw unreadable(`"${list}" of its manifest is no list`);
    for (const entry of entries) {
      const path = entry instanceof Map ? entry.get('path') : undefined;
      const checksum = entry instanceof Map ? entry.get('checksum') : undefined;
      if (!(entry instanceof Map) || typeof path !== 'string' || typeof checksum !== 'string') {
        throw unreadable(`a file in "${list}" of its manifest has no path or no checksum`);
      }
      const specificity = entry.get('specificity') ?? 'default';
      files.set(
        path,
        new Map([
          ['checksum', checksum.toLowerCase()],
          ['specificity', specificity],
        ]),
      );
    }
  }
  return files;
}

/** `json_class` and `chef_type` are the same in every object of a kind. */
function withoutConstants(object: ExactObject): ExactObject {
  return new Map([...object].filter(([key]) => key !== 'json_class' && key !== 'chef_type'));
}

/** A copy in which a field that is absent or null has its default (goiardi answers null for an empty run list). */
function withDefaults(object: ExactObject, defaults: ReadonlyMap<string, ExactJson>): ExactObject {
  return new Map([...defaults, ...[...object].filter(([key, value]) => value !== null || !defaults.has(key))]);
}

function differingKeys(a: ExactObject, b: ExactObject): string[] {
  const textOf = (object: ExactObject, key: string) => {
    const value = object.get(key);
    return value === undefined ? undefined : writeExactJson(value);
  };
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => textOf(a, key) !== textOf(b, key));
}
