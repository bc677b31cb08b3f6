import { randomUUID } from 'node:crypto';
import { ChecksumTable } from './checksum-table.ts';
import type { CookbookArtifact } from './cookbook-artifact-document.ts';
import type { CookbookManifest } from './cookbook-manifest.ts';
import { OrganizationMembership } from './organization-membership.ts';
import { PolicyStore } from './policy-store.ts';
import { RowInserts } from './row-inserts.ts';
import { SearchIndex } from './search-index.ts';
import { type FeedAction, UpdatedSinceFeed } from './updated-since-feed.ts';

/** One cookbook version; `linkedChecksums` are those the server still counts as used by it. */
export interface StoredCookbookVersion {
  readonly manifest: CookbookManifest;
  readonly linkedChecksums: ReadonlySet<string>;
}

/** A sandbox that is not committed yet. */
export interface Sandbox {
  readonly checksums: readonly string[];
  readonly createdAtMs: number;
}

/** What a snapshot keeps: everything of an organization but its search index. */
export interface OrganizationSnapshot {
  readonly guid: string;
  readonly fullName: string;
  readonly membership: OrganizationMembership;
  readonly roles: ReadonlyMap<string, string>;
  readonly environments: ReadonlyMap<string, string>;
  readonly dataBags: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly cookbooks: ReadonlyMap<string, ReadonlyMap<string, StoredCookbookVersion>>;
  readonly cookbookArtifacts: ReadonlyMap<string, ReadonlyMap<string, CookbookArtifact>>;
  readonly policies: PolicyStore;
  readonly checksums: ChecksumTable;
  readonly feed: UpdatedSinceFeed;
}

const defaultEnvironment =
  '{"name":"_default","description":"The default Chef environment","cookbook_versions":{},"json_class":"Chef::Environment","chef_type":"environment","default_attributes":{},"override_attributes":{}}';

/**
 * One organization in memory. Objects are kept as the JSON text that a GET returns. Every write notes itself in the feed
 * and in the search index. Nothing here checks what it is given: the routes do.
 */
export class OrganizationStore {
  readonly name: string;
  readonly guid: string;
  fullName: string;
  readonly membership: OrganizationMembership;
  readonly roles: Map<string, string>;
  readonly environments: Map<string, string>;
  readonly dataBags: Map<string, Map<string, string>>;
  /** Cookbook name → normalised version → version. */
  readonly cookbooks: Map<string, Map<string, StoredCookbookVersion>>;
  /** Name → identifier → artifact. */
  readonly cookbookArtifacts: Map<string, Map<string, CookbookArtifact>>;
  readonly policies: PolicyStore;
  readonly checksums: ChecksumTable;
  readonly feed: UpdatedSinceFeed;
  readonly searchIndex = new SearchIndex();
  readonly sandboxes = new Map<string, Sandbox>();
  /** What is being created at this moment: cookbooks, their versions, artifacts, policies, policy groups. */
  readonly inserts = new RowInserts();
  private readonly searchVisibleAtMs: () => number;

  constructor(name: string, isFeedServed: boolean, searchVisibleAtMs: () => number, snapshot?: OrganizationSnapshot) {
    this.name = name;
    this.searchVisibleAtMs = searchVisibleAtMs;
    this.guid = snapshot?.guid ?? randomUUID().replaceAll('-', '');
    this.fullName = snapshot?.fullName ?? name;
    this.membership = new OrganizationMembership(name, snapshot?.membership);
    this.roles = new Map(snapshot?.roles);
    this.environments = new Map(snapshot?.environments ?? [['_default', defaultEnvironment]]);
    this.dataBags = new Map([...(snapshot?.dataBags ?? [])].map(([bag, items]) => [bag, new Map(items)]));
    this.cookbooks = new Map([...(snapshot?.cookbooks ?? [])].map(([cookbook, all]) => [cookbook, new Map(all)]));
    this.cookbookArtifacts = new Map(
      [...(snapshot?.cookbookArtifacts ?? [])].map(([artifact, all]) => [artifact, new Map(all)]),
    );
    this.policies = new PolicyStore(snapshot?.policies);
    this.checksums = snapshot?.checksums.copy() ?? new ChecksumTable();
    this.feed = snapshot?.feed.copy() ?? new UpdatedSinceFeed(isFeedServed);
    for (const role of this.roles.keys()) this.index('role', role, true);
    for (const environment of this.environments.keys()) this.index('environment', environment, true);
    for (const [bag, items] of this.dataBags) for (const id of items.keys()) this.index(bag, id, true);
  }

  snapshot(): OrganizationSnapshot {
    return new OrganizationStore(this.name, this.feed.isServed, this.searchVisibleAtMs, this);
  }

  setRole(name: string, text: string): void {
    this.note(this.roles.has(name) ? 'update' : 'create', `/roles/${name}`);
    this.roles.set(name, text);
    this.index('role', name, true);
  }

  deleteRole(name: string): void {
    if (!this.roles.delete(name)) return;
    this.note('delete', `/roles/${name}`);
    this.index('role', name, false);
  }

  setEnvironment(name: string, text: string): void {
    this.note(this.environments.has(name) ? 'update' : 'create', `/environments/${name}`);
    this.environments.set(name, text);
    this.index('environment', name, true);
  }

  deleteEnvironment(name: string): void {
    if (!this.environments.delete(name)) return;
    this.note('delete', `/environments/${name}`);
    this.index('environment', name, false);
  }

  createDataBag(bag: string): void {
    if (this.dataBags.has(bag)) return;
    this.dataBags.set(bag, new Map());
    this.note('create', `/data/${bag}`);
  }

  /** Deletes the bag with all its items; the feed names the bag only. */
  deleteDataBag(bag: string): void {
    const items = this.dataBags.get(bag);
    if (items === undefined) return;
    this.dataBags.delete(bag);
    this.note('delete', `/data/${bag}`);
    for (const id of items.keys()) this.index(bag, id, false);
  }

  /** Stores an item, in a new bag when there is none of that name. */
  setItem(bag: string, id: string, text: string): void {
    this.createDataBag(bag);
    const items = this.dataBags.get(bag);
    this.note(items?.has(id) ? 'update' : 'create', `/data/${bag}/${id}`);
    items?.set(id, text);
    this.index(bag, id, true);
  }

  deleteItem(bag: string, id: string): void {
    if (!this.dataBags.get(bag)?.delete(id)) return;
    this.note('delete', `/data/${bag}/${id}`);
    this.index(bag, id, false);
  }

  cookbookVersion(name: string, version: string): StoredCookbookVersion | undefined {
    return this.cookbooks.get(name)?.get(version);
  }

  /** Stores a version, counts its checksums as used and collects those that only its former manifest used. */
  setCookbookVersion(name: string, version: string, manifest: CookbookManifest): void {
    const former = this.cookbookVersion(name, version);
    this.note(former ? 'update' : 'create', `/cookbooks/${name}/${version}`);
    this.checksums.link(manifest.checksums);
    this.replaceCookbookVersion(name, version, { manifest, linkedChecksums: manifest.checksums });
    if (former) this.checksums.unlink(former.linkedChecksums);
  }

  /** Stores a version without its checksums: what a refused manifest leaves of a new version. */
  leaveUnlinkedCookbookVersion(name: string, version: string, manifest: CookbookManifest): void {
    this.replaceCookbookVersion(name, version, { manifest, linkedChecksums: new Set() });
  }

  /** Forgets the checksums of a version but keeps its manifest: what a refused manifest leaves of an existing one. */
  forgetChecksumsOf(name: string, version: string): void {
    const former = this.cookbookVersion(name, version);
    if (former === undefined) return;
    this.replaceCookbookVersion(name, version, { manifest: former.manifest, linkedChecksums: new Set() });
    this.checksums.unlink(former.linkedChecksums);
  }

  /** Deletes a version, and with the last one the cookbook; collects the checksums that nobody else uses. */
  deleteCookbookVersion(name: string, version: string): void {
    const former = this.cookbookVersion(name, version);
    if (former === undefined) return;
    const versions = this.cookbooks.get(name);
    versions?.delete(version);
    if (versions?.size === 0) this.cookbooks.delete(name);
    this.note('delete', `/cookbooks/${name}/${version}`);
    this.checksums.unlink(former.linkedChecksums);
  }

  /** Stores an artifact and counts its checksums as used. */
  setCookbookArtifact(name: string, identifier: string, artifact: CookbookArtifact): void {
    const identifiers = this.cookbookArtifacts.get(name) ?? new Map<string, CookbookArtifact>();
    identifiers.set(identifier, artifact);
    this.cookbookArtifacts.set(name, identifiers);
    this.checksums.link(artifact.checksums);
  }

  /** Deletes an artifact, and with the last one its name; collects the checksums that nobody else uses. */
  deleteCookbookArtifact(name: string, identifier: string): void {
    const identifiers = this.cookbookArtifacts.get(name);
    const former = identifiers?.get(identifier);
    if (identifiers === undefined || former === undefined) return;
    identifiers.delete(identifier);
    if (identifiers.size === 0) this.cookbookArtifacts.delete(name);
    this.checksums.unlink(former.checksums);
  }

  private replaceCookbookVersion(name: string, version: string, stored: StoredCookbookVersion): void {
    const versions = this.cookbooks.get(name) ?? new Map<string, StoredCookbookVersion>();
    versions.set(version, stored);
    this.cookbooks.set(name, versions);
  }

  private note(action: FeedAction, path: string): void {
    this.feed.append(action, path);
  }

  private index(index: string, name: string, isPresent: boolean): void {
    if (name === '_default') return;
    this.searchIndex.note(index, name, isPresent, this.searchVisibleAtMs());
  }
}
