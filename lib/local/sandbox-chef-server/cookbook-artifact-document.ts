import { refuse } from './answer.ts';
import { requiredText } from './check-fields.ts';
import { plainName, policyName } from './chef-names.ts';
import { checksumOf, segments, splitBySegment, withSegment } from './cookbook-manifest.ts';
import { isObject, type Json, type JsonObject, member, withMember, withoutMembers, writeJson } from './json-text.ts';

/** A cookbook artifact as it was sent: in the form of either API version, whichever the request said. */
export interface CookbookArtifact {
  readonly document: JsonObject;
  /** The MD5 of every file in hexadecimal, each once. */
  readonly checksums: ReadonlySet<string>;
}

/**
 * Reads the body of a PUT. Refuses with 400 only what concerns name and identifier, as the server does; lists of files
 * that are none make it answer 500.
 */
export function readCookbookArtifact(body: JsonObject, name: string, identifier: string): CookbookArtifact {
  checkMatches(body, 'name', plainName, name);
  checkMatches(body, 'identifier', policyName, identifier);
  const files = ['all_files', ...segments].flatMap((key) => filesOf(body, key));
  return { document: body, checksums: new Set(files.map(checksumOf)) };
}

/** The text of an artifact in the form of an API version. In segment form, files outside the nine segments vanish. */
export function writeCookbookArtifact(
  { document }: CookbookArtifact,
  apiVersion: number,
  fileUrl: (checksum: string) => string,
): string {
  const allFiles = artifactFiles(document).map((file) => withMember(file, 'url', fileUrl(checksumOf(file))));
  const rest = withoutMembers(document, ['json_class', 'all_files', ...segments]).members;
  const files = apiVersion >= 2 ? [['all_files', allFiles] as const] : splitBySegment(allFiles);
  return writeJson({ members: [...rest, ...files] });
}

/** The files of an artifact with the names of version 2 of the API, whatever form it was sent in. */
export function artifactFiles(document: JsonObject): readonly JsonObject[] {
  if (member(document, 'all_files') !== undefined) return filesOf(document, 'all_files');
  return segments.flatMap((segment) => filesOf(document, segment).map((file) => withSegment(segment, file)));
}

function filesOf(document: JsonObject, key: string): JsonObject[] {
  const list: Json = member(document, key) ?? [];
  if (!Array.isArray(list)) return refuse(500, 'internal service error');
  return list.map((file) => (isObject(file) ? file : refuse(500, 'internal service error')));
}

function checkMatches(body: JsonObject, key: string, pattern: RegExp, expected: string): void {
  const value = requiredText(body, key, pattern);
  if (value !== expected) refuse(400, `Field '${key}' invalid : ${value} does not match ${expected}`);
}
