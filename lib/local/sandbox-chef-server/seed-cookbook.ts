import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import { type CookbookManifest, checksumOf } from './cookbook-manifest.ts';
import { normaliseVersion } from './cookbook-version-number.ts';
import { isObject, type JsonObject, toJson, withMember } from './json-text.ts';
import type { OrganizationStore } from './organization-store.ts';

export interface SeedCookbook {
  /** Content by path within the cookbook, `recipes/default.rb`. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Further metadata; name and version are filled in. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly frozen?: boolean;
}

/** Stores a cookbook version with its files, as a client would have uploaded it. */
export function seedCookbook(store: OrganizationStore, name: string, version: string, cookbook: SeedCookbook): void {
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

/** Stores a cookbook artifact with its files, in the form of version 2 of the API; a known one stays as it is. */
export function seedCookbookArtifact(
  store: OrganizationStore,
  name: string,
  identifier: string,
  cookbook: Omit<SeedCookbook, 'frozen'>,
): void {
  if (store.cookbookArtifacts.get(name)?.has(identifier)) return;
  const files = Object.entries(cookbook.files).map(([path, content]) => seedFile(store, path, content));
  const head = toJson({
    name,
    identifier,
    version: '1.0.0',
    chef_type: 'cookbook_version',
    metadata: { version: '1.0.0', ...cookbook.metadata, name },
  });
  if (!isObject(head)) throw new TypeError('cookbook metadata must be a JSON object');
  const document = withMember(withMember(head, 'frozen?', false), 'all_files', files);
  store.setCookbookArtifact(name, identifier, { document, checksums: new Set(files.map(checksumOf)) });
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

/** A version as the server lists it; throws for a text that is none. */
export function versionKey(version: string): string {
  const key = normaliseVersion(version);
  if (key === undefined) throw new TypeError(`${version} is not a cookbook version`);
  return key;
}
