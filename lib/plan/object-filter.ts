import { createHash } from 'node:crypto';
import picomatch from 'picomatch';
import { KIND_ROWS, OBJECT_KINDS, type ObjectsWord } from '../model/object-kind.ts';
import { globPath, type ListPath, type ObjectRef } from '../model/object-path.ts';

/** Which objects a pair replicates, as written in chef-sync.yaml. */
export interface ObjectFilterSettings {
  readonly objects: 'all' | readonly ObjectsWord[];
  /** Globs over `globPath`: `roles/web-*`, `data_bags/users/*`, `cookbooks/apt`. Empty: everything. */
  readonly include: readonly string[];
  /** Globs that take out again; they win over `include`. */
  readonly exclude: readonly string[];
}

/**
 * Whether an object is inside a pair's filter. A glob that matches a container (`data_bags/secrets`, `cookbooks/apt`) holds for all its
 * members, and an included member brings its bag. Objects that exist on every server and cannot be written are never inside.
 * Throws when a glob has a {@link globProblem}.
 */
export function objectFilter(settings: ObjectFilterSettings): (ref: ObjectRef) => boolean {
  const isBagInside = bagTest(settings);
  const isInside = pathTest(settings);
  return (ref) => {
    if (OBJECT_KINDS[ref.kind].untouchableName === ref.name) return false;
    return ref.kind === 'data_bag' ? isBagInside(ref.name) : isInside(globPath(ref));
  };
}

/**
 * Whether items of a bag can be inside the filter. False promises that none is, so the bag's list need not be read (and a bag that the
 * user may not read can be taken out with `data_bags/BAG/*`); true promises nothing. Throws as {@link objectFilter} does.
 */
export function wantedBags(settings: ObjectFilterSettings): (bag: string) => boolean {
  const isBagInside = bagTest(settings);
  const withoutItems = matchAny(
    settings.exclude.filter((glob) => glob.endsWith('/*')).map((glob) => glob.slice(0, -2)),
  );
  return (bag) => isBagInside(bag) && !withoutItems(`data_bags/${bag}`);
}

/**
 * The top-level lists that an inventory must read, in its order: definitions before content, so that what a role names as it was read
 * is in the list of cookbooks that is read after it. A list that is not here holds nothing inside the filter.
 */
export function wantedLists(settings: ObjectFilterSettings): ListPath[] {
  const isKindInside = matchAny(settings.include.map((glob) => leadingSegments(glob, 1)));
  const isExcluded = matchAny(settings.exclude);
  const rows = KIND_ROWS.toSorted((a, b) => b.stage - a.stage).filter(
    ({ objectsWord }) =>
      isSelected(settings, objectsWord) &&
      (settings.include.length === 0 || isKindInside(objectsWord)) &&
      !isExcluded(objectsWord),
  );
  return [...new Set(rows.map((row): ListPath => `/${row.root}`))];
}

/**
 * Stable name of a filter, for noticing that it changed (it begins a new epoch). Order and repetition of the settings mean nothing.
 * `all` stays `all`: a release that learns a new kind does not begin a new epoch everywhere.
 */
export function filterHash(settings: ObjectFilterSettings): string {
  const sorted = (words: readonly string[]) => [...new Set(words)].sort();
  const objects = settings.objects === 'all' ? 'all' : sorted(settings.objects);
  const canonical = JSON.stringify([objects, sorted(settings.include), sorted(settings.exclude)]);
  return createHash('sha256').update(canonical).digest('base64url').slice(0, 22);
}

/** Why a glob cannot be used, for the configuration's messages; undefined when it can. */
export function globProblem(glob: string): string | undefined {
  if (/^!(?!\()/.test(glob)) return `"${glob}" begins with "!": write the glob without it under "exclude"`;
  if (glob.includes('\\')) return `"${glob}" has a backslash, which no Chef name has`;
  // The part of a glob that leads to a bag is found by cutting it at its slashes, which therefore must not be inside a group.
  if (glob.split('/').some((segment) => count(segment, /[{([]/g) !== count(segment, /[})\]]/g))) {
    return `"${glob}" has a slash inside brackets, or a bracket that is not closed: write one glob for each path`;
  }
  const kind = leadingSegments(glob, 1);
  const words = [...new Set(KIND_ROWS.map((row) => row.objectsWord))];
  const isKind = (first: string): boolean => words.some((word) => picomatch.isMatch(word, first, GLOB_OPTIONS));
  if (kind !== '' && isKind(kind)) return undefined;
  // Paths of objects, as commands show them, are written in another way.
  const meant = glob.replace(/^\/+/, '').replace(/^data(?=\/)/, 'data_bags');
  return meant !== glob && meant !== '' && isKind(leadingSegments(meant, 1))
    ? `"${glob}" matches no object: write "${meant}"`
    : `"${glob}" matches no object: a glob begins with one of ${words.join(', ')}`;
}

/** `dot`: names may begin with a dot. `windows: false`: a path of a Chef server has slashes wherever this program runs. */
const GLOB_OPTIONS = { dot: true, nonegate: true, windows: false } as const;

function matchAny(globs: readonly string[]): (path: string) => boolean {
  for (const glob of globs) {
    const problem = globProblem(glob);
    if (problem !== undefined) throw new Error(problem);
  }
  return picomatch([...globs], GLOB_OPTIONS);
}

function isSelected({ objects }: ObjectFilterSettings, word: string): boolean {
  return objects === 'all' || objects.some((selected) => selected === word);
}

/** Whether the settings let an object of this `globPath` in, by itself or by what contains it. */
function pathTest(settings: ObjectFilterSettings): (path: string) => boolean {
  const isIncluded = matchAny(settings.include);
  const isExcluded = matchAny(settings.exclude);
  return (path) => {
    const [word = '', container = '', ...rest] = path.split('/');
    const paths = rest.length === 0 ? [word, path] : [word, `${word}/${container}`, path];
    return (
      isSelected(settings, word) &&
      (settings.include.length === 0 || paths.some((part) => isIncluded(part))) &&
      !paths.some((part) => isExcluded(part))
    );
  };
}

/** Whether a bag is inside: by itself, or because one of its items may be. */
function bagTest(settings: ObjectFilterSettings): (bag: string) => boolean {
  const leading = settings.include.map((glob) => leadingSegments(glob, 2));
  const isInside = pathTest({ ...settings, include: [...settings.include, ...leading] });
  return (bag) => isInside(`data_bags/${bag}`);
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** The glob for the first segments of what a glob matches. `**` stands for any number of segments, so nothing after it is needed. */
function leadingSegments(glob: string, limit: number): string {
  const segments = glob.split('/');
  const globstar = segments.indexOf('**');
  return segments.slice(0, globstar === -1 ? limit : Math.min(limit, globstar + 1)).join('/');
}
