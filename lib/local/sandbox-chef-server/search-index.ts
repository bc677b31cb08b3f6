interface PendingChange {
  readonly visibleAtMs: number;
  readonly name: string;
  readonly isPresent: boolean;
}

/**
 * Which objects search knows. Only the membership lags: bodies are read from the store at query time, as on a Chef
 * server, where the index names the rows and the database has their contents.
 */
export class SearchIndex {
  private readonly members = new Map<string, Set<string>>();
  private readonly pending = new Map<string, PendingChange[]>();

  /** Takes note of a write; it shows from `visibleAtMs` on. */
  note(index: string, name: string, isPresent: boolean, visibleAtMs: number): void {
    const changes = this.pending.get(index) ?? [];
    changes.push({ visibleAtMs, name, isPresent });
    this.pending.set(index, changes);
  }

  /** The names that search finds now, in a stable order. */
  names(index: string, nowMs: number): string[] {
    const members = this.members.get(index) ?? new Set<string>();
    const changes = this.pending.get(index) ?? [];
    const visible = changes.filter((change) => change.visibleAtMs <= nowMs);
    for (const { name, isPresent } of visible) isPresent ? members.add(name) : members.delete(name);
    this.members.set(index, members);
    this.pending.set(
      index,
      changes.filter((change) => change.visibleAtMs > nowMs),
    );
    return [...members].sort();
  }

  /** What search finds at this moment, without taking in what has become visible since: an index that stands still. */
  frozenNames(index: string): string[] {
    return [...(this.members.get(index) ?? [])].sort();
  }
}
