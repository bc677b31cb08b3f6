import { normaliseEnvironment } from './environment-document.ts';
import { isObject, type JsonObject, toJson, withDefaults, writeJson } from './json-text.ts';
import { dumpOrganization, type OrganizationDump } from './organization-dump.ts';
import type { OrganizationSnapshot, OrganizationStore } from './organization-store.ts';
import { normaliseRole } from './role-document.ts';
import { type SeedCookbook, seedCookbook, seedCookbookArtifact, versionKey } from './seed-cookbook.ts';
import type { UpdatedSinceFeed } from './updated-since-feed.ts';

/** An object for `put…`: checked and completed as on a write; or a JSON text, which is stored unchecked, as it is. */
export type SeedObject = Readonly<Record<string, unknown>> | string;

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
  /** Stores a cookbook artifact with its files. */
  putCookbookArtifact(name: string, identifier: string, artifact: Omit<SeedCookbook, 'frozen'>): void;
  deleteCookbookArtifact(name: string, identifier: string): void;
  /** Stores a revision, of a new policy when there is none of that name; a known one stays as it is. */
  putPolicyRevision(policy: string, revisionId: string, document: SeedObject): void;
  /** Deletes a policy with its revisions; it vanishes from its groups. */
  deletePolicy(policy: string): void;
  deletePolicyRevision(policy: string, revisionId: string): void;
  /** Makes a group that holds exactly these policies, each by its revision. */
  putPolicyGroup(group: string, revisionIds: Readonly<Record<string, string>>): void;
  deletePolicyGroup(group: string): void;
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
    putCookbookArtifact: (artifact, identifier, content) =>
      seedCookbookArtifact(store(), artifact, identifier, content),
    deleteCookbookArtifact: (artifact, identifier) => store().deleteCookbookArtifact(artifact, identifier),
    putPolicyRevision: (policy, revisionId, content) => {
      const identity = { name: policy, revision_id: revisionId };
      store().policies.addRevision(policy, revisionId, storedText(content, identity, withPolicyDefaults));
    },
    deletePolicy: (policy) => store().policies.deletePolicy(policy),
    deletePolicyRevision: (policy, revisionId) => store().policies.deleteRevision(policy, revisionId),
    putPolicyGroup: (group, revisionIds) => {
      store().policies.groups.set(group, new Map(Object.entries(revisionIds)));
    },
    deletePolicyGroup: (group) => {
      store().policies.groups.delete(group);
    },
    loseFile: (checksum) => {
      store().checksums.files.delete(checksum);
    },
    dump: () => dumpOrganization(store()),
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

function withPolicyDefaults(policy: JsonObject): JsonObject {
  return withDefaults(policy, [
    ['run_list', []],
    ['cookbook_locks', { members: [] }],
  ]);
}
