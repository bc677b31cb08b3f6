/** The policies of one organization, their revisions as JSON text, and which revision each policy group holds. */
export class PolicyStore {
  /** Policy → revision id → document. A policy may be there without a revision: what a lost race or a delete leaves. */
  readonly revisions: Map<string, Map<string, string>>;
  /** Policy group → policy → revision id. */
  readonly groups: Map<string, Map<string, string>>;

  constructor(former?: PolicyStore) {
    const copy = (maps: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined) =>
      new Map([...(maps ?? [])].map(([name, inner]) => [name, new Map(inner)]));
    this.revisions = copy(former?.revisions);
    this.groups = copy(former?.groups);
  }

  addPolicy(policy: string): void {
    if (!this.revisions.has(policy)) this.revisions.set(policy, new Map());
  }

  addGroup(group: string): void {
    if (!this.groups.has(group)) this.groups.set(group, new Map());
  }

  revision(policy: string, revisionId: string): string | undefined {
    return this.revisions.get(policy)?.get(revisionId);
  }

  /** Stores a revision, of a new policy when there is none of that name; a known one it leaves as it is. */
  addRevision(policy: string, revisionId: string, text: string): void {
    this.addPolicy(policy);
    if (this.revision(policy, revisionId) === undefined) this.revisions.get(policy)?.set(revisionId, text);
  }

  /** Puts a revision into a group, in the place of the policy's former one. */
  assign(group: string, policy: string, revisionId: string): void {
    this.addGroup(group);
    this.groups.get(group)?.set(policy, revisionId);
  }

  /** Deletes a policy with its revisions; it vanishes from its groups. */
  deletePolicy(policy: string): void {
    this.revisions.delete(policy);
    for (const policies of this.groups.values()) policies.delete(policy);
  }

  /** Deletes a revision; it vanishes from its groups, and the policy stays even without any. */
  deleteRevision(policy: string, revisionId: string): void {
    this.revisions.get(policy)?.delete(revisionId);
    for (const policies of this.groups.values()) if (policies.get(policy) === revisionId) policies.delete(policy);
  }
}
