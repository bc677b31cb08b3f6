import { artifactFiles, type CookbookArtifact } from './cookbook-artifact-document.ts';
import { checksumOf, metadataAsRead, segments, textOf } from './cookbook-manifest.ts';
import { type JsonObject, withoutMembers, writeJson } from './json-text.ts';
import type { OrganizationStore, StoredCookbookVersion } from './organization-store.ts';

export interface DumpedFile {
  readonly path: string;
  readonly name: string;
  readonly checksum: string;
  readonly specificity: string;
}

export interface DumpedCookbookVersion {
  readonly isFrozen: boolean;
  /** JSON text as a GET shows it. */
  readonly metadata: string;
  /** By path. */
  readonly files: readonly DumpedFile[];
}

export interface DumpedCookbookArtifact {
  /** JSON text of all but the files. */
  readonly document: string;
  /** By path. */
  readonly files: readonly DumpedFile[];
}

/** Everything of an organization that replication keeps equal, in a form that a test can compare. */
export interface OrganizationDump {
  /** JSON texts by name, as GET returns them. */
  readonly roles: ReadonlyMap<string, string>;
  readonly environments: ReadonlyMap<string, string>;
  /** Bag → item → JSON text of the raw item. */
  readonly dataBags: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By `name/version`. */
  readonly cookbooks: ReadonlyMap<string, DumpedCookbookVersion>;
  /** By `name/identifier`. */
  readonly cookbookArtifacts: ReadonlyMap<string, DumpedCookbookArtifact>;
  /** JSON texts by `policy/revision`. */
  readonly policyRevisions: ReadonlyMap<string, string>;
  /** Policy group → policy → revision. */
  readonly policyGroups: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The bytes of every checksum that a cookbook version or artifact names; a lost file is missing. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Reads an organization. */
export function dumpOrganization(store: OrganizationStore): OrganizationDump {
  const versions = flatEntries(store.cookbooks);
  const artifacts = flatEntries(store.cookbookArtifacts);
  const checksums = [
    ...versions.map(([, { manifest }]) => manifest),
    ...artifacts.map(([, artifact]) => artifact),
  ].flatMap((one) => [...one.checksums]);
  return {
    roles: new Map(store.roles),
    environments: new Map(store.environments),
    dataBags: new Map([...store.dataBags].map(([bag, items]) => [bag, new Map(items)])),
    cookbooks: new Map(versions.map(([path, stored]) => [path, dumpCookbookVersion(stored)])),
    cookbookArtifacts: new Map(artifacts.map(([path, artifact]) => [path, dumpCookbookArtifact(artifact)])),
    policyRevisions: new Map(flatEntries(store.policies.revisions)),
    policyGroups: new Map([...store.policies.groups].map(([group, policies]) => [group, new Map(policies)])),
    files: new Map(
      checksums.flatMap((checksum) => {
        const bytes = store.checksums.files.get(checksum);
        return bytes === undefined ? [] : [[checksum, bytes] as const];
      }),
    ),
  };
}

function dumpCookbookVersion({ manifest }: StoredCookbookVersion): DumpedCookbookVersion {
  return {
    isFrozen: manifest.isFrozen,
    metadata: writeJson(metadataAsRead(manifest)),
    files: dumpFiles(manifest.files),
  };
}

function dumpCookbookArtifact({ document }: CookbookArtifact): DumpedCookbookArtifact {
  const rest = withoutMembers(document, ['json_class', 'all_files', ...segments]);
  return { document: writeJson(rest), files: dumpFiles(artifactFiles(document)) };
}

function dumpFiles(files: readonly JsonObject[]): DumpedFile[] {
  return files
    .map((file) => ({
      path: textOf(file, 'path'),
      name: textOf(file, 'name'),
      checksum: checksumOf(file),
      specificity: textOf(file, 'specificity'),
    }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** The values of maps in a map by `outer/inner`. */
function flatEntries<T>(maps: ReadonlyMap<string, ReadonlyMap<string, T>>): (readonly [string, T])[] {
  return [...maps].flatMap(([outer, inner]) => [...inner].map(([key, value]) => [`${outer}/${key}`, value] as const));
}
