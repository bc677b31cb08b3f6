import * as z from 'zod/mini';
import { COOKBOOK_SEGMENTS } from '../model/cookbook-segments.ts';
import { canonicalVersion, type ObjectRef } from '../model/object-path.ts';
import { objectMembers } from './json-slices.ts';

/** What servers accept at the top of a manifest besides the files; they refuse a manifest with any other key. */
const KEPT_MEMBERS = new Set(['name', 'cookbook_name', 'version', 'chef_type', 'json_class', 'frozen?', 'metadata']);

const CHECKSUM = /^[0-9a-f]{32}$/i;

const manifestFile = z.object({
  name: z.string(),
  path: z.string(),
  checksum: z.string().check(z.regex(CHECKSUM)),
  specificity: z.string(),
  url: z.optional(z.string()),
});
const files = z.array(manifestFile);
const manifestHead = z.object({
  cookbook_name: z.string(),
  metadata: z.object({ version: z.string() }),
  'frozen?': z.optional(z.boolean()),
  all_files: z.optional(files),
});

/** One file of a cookbook version. `name` is in the form of API version 2: `SEGMENT/NAME`. */
export interface ManifestFile {
  readonly name: string;
  readonly path: string;
  readonly checksum: string;
  readonly specificity: string;
  readonly url?: string | undefined;
}

/** A cookbook version's manifest, taken apart; whatever its form was, files are in the form of API version 2. */
export interface CookbookManifest {
  /** `metadata.version`: servers compare it with the URL as text, and list it differently (`1.2` as `1.2.0`). */
  readonly writtenVersion: string;
  readonly isFrozen: boolean;
  readonly files: readonly ManifestFile[];
  /** Members other than files, each with its value's own text: nothing in `metadata` changes on the way. */
  readonly members: readonly (readonly [key: string, valueText: string])[];
}

/** Why a manifest cannot be copied, in words that go on after "the manifest". */
export interface ManifestProblem {
  readonly problem: string;
}

/** Takes a manifest of either form apart, or says why it cannot be that of `ref`. */
export function readManifest(ref: ObjectRef, text: string): CookbookManifest | ManifestProblem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'is not JSON' };
  }
  const head = manifestHead.safeParse(value);
  if (!head.success) return { problem: `is not one of a cookbook version: ${fieldOf(head.error)} is missing or wrong` };
  const { cookbook_name: cookbookName, metadata, all_files: allFiles } = head.data;
  if (cookbookName !== ref.container || canonicalVersion(metadata.version) !== ref.name) {
    return { problem: 'names another cookbook or version inside; upload the cookbook to the primary again' };
  }
  const found = allFiles ?? filesOfSegments(value);
  if ('problem' in found) return found;
  return {
    writtenVersion: metadata.version,
    isFrozen: head.data['frozen?'] === true,
    files: found,
    members: objectMembers(text).filter(([key]) => KEPT_MEMBERS.has(key)),
  };
}

function filesOfSegments(value: unknown): ManifestFile[] | ManifestProblem {
  if (typeof value !== 'object' || value === null) return { problem: 'is not a JSON object' };
  const members = new Map(Object.entries(value));
  const found: ManifestFile[] = [];
  for (const segment of COOKBOOK_SEGMENTS) {
    const entries = files.safeParse(members.get(segment) ?? []);
    if (!entries.success) return { problem: `has a wrong entry in ${segment}` };
    for (const file of entries.data) found.push({ ...file, name: `${segment}/${file.name}` });
  }
  return found;
}

function fieldOf(error: z.core.$ZodError): string {
  return error.issues[0]?.path.join('.') || 'the whole text';
}

/** Names of the files that a manifest before API version 2 has no place for, such as `compliance/profiles/web.yml`. */
export function filesOutsideSegments(manifest: CookbookManifest): readonly string[] {
  return manifest.files.filter((file) => segmentOf(file) === undefined).map((file) => file.path);
}

/** The manifest's text for a server that speaks `apiVersion`; files outside the nine segments are left out before version 2. */
export function writeManifest(manifest: CookbookManifest, apiVersion: number): string {
  const members = manifest.members.map(([key, valueText]) => `${JSON.stringify(key)}:${valueText}`);
  // goiardi refuses a manifest that does not say whether it is frozen.
  if (!manifest.members.some(([key]) => key === 'frozen?')) members.push('"frozen?":false');
  if (apiVersion >= 2) {
    members.push(`"all_files":${JSON.stringify(manifest.files.map((file) => entryOf(file, file.name)))}`);
  } else {
    for (const segment of COOKBOOK_SEGMENTS) {
      const entries = manifest.files
        .filter((file) => segmentOf(file) === segment)
        .map((file) => entryOf(file, file.name.slice(file.name.indexOf('/') + 1)));
      members.push(`"${segment}":${JSON.stringify(entries)}`);
    }
  }
  return `{${members.join(',')}}`;
}

/** Without the URL: it is the source's, and thousands of signed ones would exceed the destination's limit of a request. */
function entryOf({ path, checksum, specificity }: ManifestFile, name: string) {
  return { name, path, checksum, specificity };
}

/** The segment of a file, as servers split names; a name without a slash is a root file. */
function segmentOf({ name }: ManifestFile): (typeof COOKBOOK_SEGMENTS)[number] | undefined {
  const slash = name.indexOf('/');
  return slash === -1 ? 'root_files' : COOKBOOK_SEGMENTS.find((segment) => segment === name.slice(0, slash));
}
