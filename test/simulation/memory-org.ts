import { OBJECT_KINDS } from '../../lib/model/object-kind.ts';
import { type ListPath, listOf, nameInList, type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import { normalisedForm } from '../../lib/plan/normalised-form.ts';

/** Who wrote an object as it is: the copiers under test, or people. */
export type Writer = 'copier' | 'people';

export interface StoredObject {
  readonly text: string;
  /** Normalised: equal for equal objects. */
  readonly form: string;
  readonly writer: Writer;
  readonly at: number;
  /** A refused manifest left it so: none of its files counts as used, and some may be gone. */
  readonly isHalfWritten: boolean;
}

/** The database of one organization, without its requests: what is true there, and what was. */
export interface MemoryOrg {
  guid(): string;
  setGuid(guid: string): void;
  get(path: ObjectPath): StoredObject | undefined;
  paths(): readonly ObjectPath[];
  /** Names of a list's members; undefined for the list of a bag that does not exist. */
  names(list: ListPath): readonly string[] | undefined;
  /** The text of the object at an earlier time. */
  textAt(path: ObjectPath, time: number): string | undefined;
  /** The object did not exist at `from`, now, or at any time between. */
  wasAbsentSince(path: ObjectPath, from: number): boolean;
  /** Paths and names of everything that ever was a member of the list. */
  everIn(list: ListPath): readonly { readonly path: ObjectPath; readonly name: string }[];
  put(path: ObjectPath, text: string, writer: Writer): void;
  /**
   * What a manifest with an unknown checksum leaves although it is refused (seen on Chef Infra Server 15.10): a new version stays, listed
   * and readable; an existing one keeps its text and loses its files.
   */
  leaveHalfWritten(path: ObjectPath, text: string, writer: Writer): void;
  /** A cookbook version whose every file is here with the right bytes; any other object that exists. */
  isWhole(path: ObjectPath): boolean;
  /** Files that no version uses: whoever deletes one beside an upload takes them along. */
  collect(files: readonly string[]): void;
  /** Removes it, a bag with its items; of a cookbook version the files that no other version uses. Answers the removed paths. */
  remove(path: ObjectPath): readonly ObjectPath[];
  /** What the organization held at an earlier time: path and text of every object. */
  heldAt(time: number): ReadonlyMap<ObjectPath, string>;
  /** When the object, or any of them, was last written or removed. */
  lastChangedAt(path?: ObjectPath): number;
  /** Checksums of committed files. */
  readonly files: Set<string>;
  /** Files of the store, committed or not, each with whether its bytes are those that its checksum names. */
  readonly storedFiles: Map<string, boolean>;
}

interface Past {
  readonly at: number;
  readonly text: string | undefined;
}

export function createMemoryOrg(firstGuid: string, now: () => number): MemoryOrg {
  const objects = new Map<ObjectPath, StoredObject>();
  const past = new Map<ObjectPath, Past[]>();
  const files = new Set<string>();
  const storedFiles = new Map<string, boolean>();
  let currentGuid = firstGuid;
  let changedAt = now();

  const note = (path: ObjectPath, text: string | undefined): void => {
    const history = past.get(path) ?? [];
    changedAt = now();
    history.push({ at: changedAt, text });
    past.set(path, history);
  };
  const textAt = (path: ObjectPath, time: number): string | undefined =>
    past.get(path)?.findLast(({ at }) => at <= time)?.text;
  const collect = (candidates: readonly string[]): void => {
    const users = [...objects].filter(([path, { isHalfWritten }]) => path.startsWith('/cookbooks/') && !isHalfWritten);
    const used = new Set(users.flatMap(([, { text }]) => filesOf(text)));
    for (const file of candidates.filter((candidate) => !used.has(candidate))) {
      files.delete(file);
      storedFiles.delete(file);
    }
  };
  const drop = (path: ObjectPath): void => {
    const found = objects.get(path);
    if (found === undefined) return;
    objects.delete(path);
    note(path, undefined);
    if (trustedRef(path).kind === 'cookbook_version') collect(filesOf(found.text));
  };

  return {
    guid: () => currentGuid,
    setGuid: (guid) => {
      currentGuid = guid;
    },
    get: (path) => objects.get(path),
    paths: () => [...objects.keys()],
    names(list) {
      if (list.startsWith('/data/') && !objects.has(list)) return undefined;
      return [...objects.keys()].map(placeOf).flatMap((place) => (place.list === list ? [place.name] : []));
    },
    textAt,
    wasAbsentSince: (path, from) =>
      textAt(path, from) === undefined ||
      (past.get(path) ?? []).some(({ at, text }) => at >= from && text === undefined),
    everIn: (list) =>
      [...past.keys()].flatMap((path) => (placeOf(path).list === list ? [{ path, name: placeOf(path).name }] : [])),
    put(path, text, writer) {
      const before = objects.get(path);
      objects.set(path, { text, form: formOf(path, text), writer, at: now(), isHalfWritten: false });
      note(path, text);
      if (before !== undefined && trustedRef(path).kind === 'cookbook_version') collect(filesOf(before.text));
    },
    leaveHalfWritten(path, text, writer) {
      const before = objects.get(path);
      const left = before ?? { text, form: formOf(path, text), writer, at: now() };
      objects.set(path, { ...left, isHalfWritten: true });
      if (before === undefined) note(path, text);
      else collect(filesOf(before.text));
    },
    isWhole(path) {
      const found = objects.get(path);
      if (found === undefined || found.isHalfWritten) return false;
      return filesOf(found.text).every((file) => files.has(file) && storedFiles.get(file) === true);
    },
    collect,
    remove(path) {
      const isContainer = OBJECT_KINDS[trustedRef(path).kind].isContainer;
      const gone = [...objects.keys()].filter(
        (other) => other === path || (isContainer && other.startsWith(`${path}/`)),
      );
      for (const each of gone) drop(each);
      return gone;
    },
    heldAt: (time) =>
      new Map(
        [...past.keys()].flatMap((path) => {
          const text = textAt(path, time);
          return text === undefined ? [] : [[path, text] as const];
        }),
      ),
    lastChangedAt: (path) => (path === undefined ? changedAt : (past.get(path)?.at(-1)?.at ?? 0)),
    files,
    storedFiles,
  };
}

interface Place {
  readonly list: ListPath;
  readonly name: string;
}

const PLACES = new Map<ObjectPath, Place>();

/** In which list an object stands, and under which name; parsing a path takes longer than everything else a list needs. */
function placeOf(path: ObjectPath): Place {
  const known = PLACES.get(path);
  if (known !== undefined) return known;
  const ref = trustedRef(path);
  const place = { list: listOf(ref), name: nameInList(ref) };
  PLACES.set(path, place);
  return place;
}

const FORMS = new Map<string, string>();

/** The normalised form; the same few texts come again and again. */
function formOf(path: ObjectPath, text: string): string {
  const { kind } = trustedRef(path);
  const key = `${kind} ${text}`;
  const known = FORMS.get(key);
  if (known !== undefined) return known;
  const form = normalisedForm(kind, text);
  if (FORMS.size > 10_000) FORMS.clear();
  FORMS.set(key, form);
  return form;
}

/** Checksums in a manifest as `object-texts.ts` writes it. */
export const filesOf = (manifest: string): readonly string[] =>
  [...manifest.matchAll(/"checksum":"([^"]+)"/g)].map(([, checksum = '']) => checksum);
