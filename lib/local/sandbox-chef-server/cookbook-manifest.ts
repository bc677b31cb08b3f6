import { refuse } from './answer.ts';
import { checkConstant, checkKeys, checkMap, checkTexts, requiredText } from './check-fields.ts';
import { isVersionConstraint, plainName } from './chef-names.ts';
import {
  isObject,
  type Json,
  type JsonMember,
  type JsonObject,
  member,
  withDefaults,
  withMember,
  withoutMembers,
  writeJson,
} from './json-text.ts';

/** The nine segments of the manifests of API versions 0 and 1. */
export const segments = [
  'attributes',
  'definitions',
  'files',
  'libraries',
  'providers',
  'recipes',
  'resources',
  'root_files',
  'templates',
] as const;

const commonKeys = ['name', 'cookbook_name', 'version', 'chef_type', 'json_class', 'frozen?', 'metadata'];
const segmentKeys = new Set([...commonKeys, ...segments]);
const allFilesKeys = new Set([...commonKeys, 'all_files']);
const metadataTexts = ['name', 'description', 'long_description', 'maintainer', 'maintainer_email', 'license'];
const olderMaps = ['recommendations', 'suggestions', 'conflicting', 'replacing'];
const anyText = /^/;

/** The manifest of one cookbook version, kept in the form of API version 2 whatever form it arrived in. */
export interface CookbookManifest {
  /** Everything but the list of files. */
  readonly document: JsonObject;
  readonly isFrozen: boolean;
  /** Entries of `all_files`, without the URLs that clients send back. */
  readonly files: readonly JsonObject[];
  /** The MD5 of every file in hexadecimal, each once. */
  readonly checksums: ReadonlySet<string>;
}

/**
 * Reads the body of a PUT. Refuses with 400 what the server refuses: keys of the other API version's form, names and
 * versions that differ from the URL in as much as a zero, files without their four texts, wrong constraints.
 */
export function readManifest(body: JsonObject, name: string, version: string, apiVersion: number): CookbookManifest {
  checkKeys(body, apiVersion >= 2 ? allFilesKeys : segmentKeys);
  checkEquals(body, 'name', `${name}-${version}`);
  checkEquals(body, 'cookbook_name', name);
  if (member(body, 'version') !== undefined) checkEquals(body, 'version', version);
  checkConstant(body, 'json_class', 'Chef::CookbookVersion');
  checkConstant(body, 'chef_type', 'cookbook_version');
  const isFrozen = member(body, 'frozen?') ?? false;
  if (typeof isFrozen !== 'boolean') refuse(400, "Field 'frozen?' invalid");
  checkMetadata(member(body, 'metadata'), version, apiVersion);

  const files =
    apiVersion >= 2 ? readFiles(body, 'all_files') : segments.flatMap((segment) => readSegment(body, segment));
  return {
    document: withoutMembers(body, ['all_files', ...segments]),
    isFrozen,
    files,
    checksums: new Set(files.map(checksumOf)),
  };
}

/**
 * The text of a manifest in the form of an API version. In segment form, files outside the nine segments silently
 * vanish, as they do on the server.
 */
export function writeManifest(
  manifest: CookbookManifest,
  apiVersion: number,
  fileUrl?: (checksum: string) => string,
): string {
  const files = fileUrl
    ? manifest.files.map((file) => withMember(file, 'url', fileUrl(checksumOf(file))))
    : [...manifest.files];
  const document = withMember(
    withMember(manifest.document, 'frozen?', manifest.isFrozen),
    'metadata',
    metadataAsRead(manifest),
  );
  const fileMembers: JsonMember[] = apiVersion >= 2 ? [['all_files', files]] : splitBySegment(files);
  return writeJson({ members: [...document.members, ...fileMembers] });
}

/** The MD5 of a file entry in hexadecimal. */
export function checksumOf(file: JsonObject): string {
  return textOf(file, 'checksum');
}

/** A text of a checked document; empty when it is absent. */
export function textOf(object: JsonObject, key: string): string {
  const value = member(object, key);
  return typeof value === 'string' ? value : '';
}

function checkEquals(body: JsonObject, key: string, expected: string): void {
  if (requiredText(body, key, anyText) !== expected) refuse(400, `Field '${key}' invalid`);
}

function checkMetadata(metadata: Json | undefined, version: string, apiVersion: number): void {
  if (!isObject(metadata)) refuse(400, "Field 'metadata' missing");
  if (requiredText(metadata, 'version', anyText, 'metadata.version') !== version) {
    refuse(400, "Field 'metadata.version' invalid");
  }
  checkTexts(metadata, metadataTexts, 'metadata.');
  for (const key of ['platforms', 'dependencies', ...(apiVersion >= 2 ? [] : olderMaps)]) {
    checkMap(member(metadata, key), `metadata.${key}`, plainName, isVersionConstraint);
  }
}

/** The metadata with the three fields that the server adds when it is read. */
export function metadataAsRead(manifest: CookbookManifest): JsonObject {
  const metadata = member(manifest.document, 'metadata');
  return withDefaults(isObject(metadata) ? metadata : { members: [] }, [
    ['attributes', { members: [] }],
    ['dependencies', { members: [] }],
    ['long_description', ''],
  ]);
}

function readFiles(body: JsonObject, key: string): JsonObject[] {
  const list = member(body, key) ?? [];
  if (!Array.isArray(list)) refuse(400, `Field '${key}' invalid`);
  return list.map((file) => {
    if (!isObject(file)) refuse(400, `Invalid element in array value of '${key}'.`);
    for (const text of ['name', 'path', 'checksum', 'specificity']) {
      if (typeof member(file, text) !== 'string') refuse(400, `Invalid element in array value of '${key}'.`);
    }
    return withoutMembers(file, ['url']);
  });
}

function readSegment(body: JsonObject, segment: string): JsonObject[] {
  return readFiles(body, segment).map((file) => withSegment(segment, file));
}

/** A file of a segment with the name that it has in version 2 of the API. */
export function withSegment(segment: string, file: JsonObject): JsonObject {
  return withMember(file, 'name', `${segment}/${textOf(file, 'name')}`);
}

/** The files under their segments, each with its name within it; those of no segment are left out. */
export function splitBySegment(files: readonly JsonObject[]): JsonMember[] {
  return segments.map((segment) => [
    segment,
    files.flatMap((file) => {
      const name = textOf(file, 'name');
      const slash = name.indexOf('/');
      // A name without a slash is a root file.
      const [ownSegment, baseName] = slash < 0 ? ['root_files', name] : [name.slice(0, slash), name.slice(slash + 1)];
      return ownSegment === segment ? [withMember(file, 'name', baseName)] : [];
    }),
  ]);
}
