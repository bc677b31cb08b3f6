import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import { type CookbookManifest, checksumOf, metadataAsRead, textOf } from './cookbook-manifest.ts';
import { normaliseVersion } from './cookbook-version-number.ts';
import { normaliseEnvironment } from './environment-document.ts';
import { isObject, type JsonObject, toJson, withMember, writeJson } from './json-text.ts';
import type { OrganizationSnapshot, OrganizationStore, StoredCookbookVersion } from './organization-store.ts';
import { normaliseRole } from './role-document.ts';
import type { UpdatedSinceFeed } from './updated-since-feed.ts';

/** An object for `put…`: checked and completed as on a write; or a JSON text, which is stored unchecked, as it is. */
export type SeedObject = Readonly<Record<string, unknown>> | string;

export interface SeedCookbook {
  /** Content by path within the cookbook, `recipes/default.rb`. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Further metadata; name and version are filled in. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly frozen?: boolean;
}

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

/** Everything of an organization that replication keeps equal, in a form that a test can compare. */
export interface OrganizationDump {
  /** JSON texts by name, as GET returns them. */
  readonly roles: ReadonlyMap<string, string>;
  readonly environments: ReadonlyMap<string, string>;
  /** Bag → item → JSON text of the raw item. */
  readonly dataBags: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By `name/version`. */
  readonly cookbooks: ReadonlyMap<string, DumpedCookbookVersion>;
  /** The bytes of every checksum that a cookbook version names; a lost file is missing. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * Direct access to one organization, past HTTP, signatures and rights: to seed it, to read it back and to turn it over.
 * Writes show in the feed and in search like any other. It stands for the name: after `replace` or `restore` the same
 * handle reaches the new content.
 */
export interface OrganizationHandle {
  readonly name: string;
  readonly guid: string;
  /** The change feed with its switches. */
  readonly feed: UpdatedSinceFeed;
  putRole(name: string, role: SeedObject): void;
  deleteRole(name: string): void;
  putEnvironment(name: string, environment: SeedObject): void;
  deleteEnvironment(name: string): void;
  createDataBag(bag: string): void;
  deleteDataBag(bag: string): void;
  /** Stores an item, in a new bag when there is none of that name. */
  putItem(bag: string, id: string, item: SeedObject): void;
  deleteItem(bag: string, id: string): void;
  /** Stores a cookbook version with its files. */
  putCookbook(name: string, version: string, cookbook: SeedCookbook): void;
  deleteCookbook(name: string, version: string): void;
  /** Removes the bytes of a checksum from the file storage; manifests and the table of checksums keep it. */
  loseFile(checksum: string): void;
  dump(): OrganizationDump;
  snapshot(): OrganizationSnapshot;
}

/** Makes a handle for the organization that `store` finds at each call. */
export function organizationHandle(name: string, store: () => OrganizationStore): OrganizationHandle {
  return {
    name,
    get guid() {
      return store().guid;
    },
    get feed() {
      return store().feed;
    },
    putRole: (role, content) =>
      store().setRole(
        role,
        storedText(content, { name: role }, (o) => normaliseRole(o).role),
      ),
    deleteRole: (role) => store().deleteRole(role),
    putEnvironment: (environment, content) =>
      store().setEnvironment(
        environment,
        storedText(content, { name: environment }, (o) => normaliseEnvironment(o).environment),
      ),
    deleteEnvironment: (environment) => store().deleteEnvironment(environment),
    createDataBag: (bag) => store().createDataBag(bag),
    deleteDataBag: (bag) => store().deleteDataBag(bag),
    putItem: (bag, id, content) =>
      store().setItem(
        bag,
        id,
        storedText(content, { id }, (o) => o),
      ),
    deleteItem: (bag, id) => store().deleteItem(bag, id),
    putCookbook: (cookbook, version, content) => seedCookbook(store(), cookbook, version, content),
    deleteCookbook: (cookbook, version) => store().deleteCookbookVersion(cookbook, versionKey(version)),
    loseFile: (checksum) => {
      store().checksums.files.delete(checksum);
    },
    dump: () => dump(store()),
    snapshot: () => store().snapshot(),
  };
}

function storedText(
  content: SeedObject,
  identity: Readonly<Record<string, string>>,
  normalise: (object: JsonObject) => JsonObject,
): string {
  if (typeof content === 'string') return content;
  const object = toJson({ ...content, ...identity });
  if (!isObject(object)) throw new TypeError('a seed object must be a JSON object');
  return writeJson(normalise(object));
}

function seedCookbook(store: OrganizationStore, name: string, version: string, cookbook: SeedCookbook): void {
  const files = Object.entries(cookbook.files).map(([path, content]) => seedFile(store, path, content));
  const document = toJson({
    name: `${name}-${version}`,
    cookbook_name: name,
    version,
    chef_type: 'cookbook_version',
    json_class: 'Chef::CookbookVersion',
  });
  const metadata = toJson({ ...cookbook.metadata, name, version });
  if (!isObject(document) || !isObject(metadata)) throw new TypeError('cookbook metadata must be a JSON object');
  const manifest: CookbookManifest = {
    document: withMember(document, 'metadata', metadata),
    isFrozen: cookbook.frozen ?? false,
    files,
    checksums: new Set(files.map(checksumOf)),
  };
  store.setCookbookVersion(name, versionKey(version), manifest);
}

/** Stores a file's bytes and makes its entry of the manifest as Chef's own clients do. */
function seedFile(store: OrganizationStore, path: string, content: string | Buffer): JsonObject {
  const bytes = Buffer.from(content);
  const checksum = createHash('md5').update(bytes).digest('hex');
  store.checksums.files.set(checksum, bytes);
  store.checksums.commit([checksum]);
  const parts = path.split('/');
  const segment = parts.length > 1 ? parts[0] : 'root_files';
  const hasSpecificity = (segment === 'templates' || segment === 'files') && parts.length > 2;
  return {
    members: [
      ['name', `${segment}/${basename(path)}`],
      ['path', path],
      ['checksum', checksum],
      ['specificity', (hasSpecificity ? parts[1] : undefined) ?? 'default'],
    ],
  };
}

function versionKey(version: string): string {
  const key = normaliseVersion(version);
  if (key === undefined) throw new TypeError(`${version} is not a cookbook version`);
  return key;
}

function dump(store: OrganizationStore): OrganizationDump {
  const versions = [...store.cookbooks].flatMap(([name, all]) =>
    [...all].map(([version, stored]) => [`${name}/${version}`, stored] as const),
  );
  const checksums = versions.flatMap(([, { manifest }]) => [...manifest.checksums]);
  return {
    roles: new Map(store.roles),
    environments: new Map(store.environments),
    dataBags: new Map([...store.dataBags].map(([bag, items]) => [bag, new Map(items)])),
    cookbooks: new Map(versions.map(([path, stored]) => [path, dumpCookbookVersion(stored)])),
    files: new Map(
      checksums.flatMap((checksum) => {
        const bytes = store.checksums.files.get(checksum);
        return bytes === undefined ? [] : [[checksum, bytes] as const];
      }),
    ),
  };
}

function dumpCookbookVersion({ manifest }: StoredCookbookVersion): DumpedCookbookVersion {
  const files = manifest.files.map((file) => ({
    path: textOf(file, 'path'),
    name: textOf(file, 'name'),
    checksum: checksumOf(file),
    specificity: textOf(file, 'specificity'),
  }));
  return {
    isFrozen: manifest.isFrozen,
    metadata: writeJson(metadataAsRead(manifest)),
    files: files.sort((left, right) => (left.path < right.path ? -1 : 1)),
  };
}
