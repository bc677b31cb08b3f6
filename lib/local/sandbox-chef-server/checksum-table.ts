/**
 * The checksums of one organization: which are committed, which cookbook versions use them, and the bytes in the file
 * storage. Removing the last use of a checksum removes it and its bytes, even when a sandbox has just committed it for a
 * manifest that is still to come: the race that a replicator must avoid.
 */
export class ChecksumTable {
  /** Bytes by MD5, also of uploads whose sandbox is not committed yet. */
  readonly files: Map<string, Buffer>;
  private readonly committed: Set<string>;
  private readonly uses: Map<string, number>;

  constructor(
    files: ReadonlyMap<string, Buffer> = new Map(),
    committed: ReadonlySet<string> = new Set(),
    uses: ReadonlyMap<string, number> = new Map(),
  ) {
    this.files = new Map(files);
    this.committed = new Set(committed);
    this.uses = new Map(uses);
  }

  /** Decided from the table alone: a file that the storage lost is still committed. */
  isCommitted(checksum: string): boolean {
    return this.committed.has(checksum);
  }

  commit(checksums: Iterable<string>): void {
    for (const checksum of checksums) this.committed.add(checksum);
  }

  /** Records that one more cookbook version uses the checksums. */
  link(checksums: Iterable<string>): void {
    for (const checksum of checksums) this.uses.set(checksum, (this.uses.get(checksum) ?? 0) + 1);
  }

  /** Records that a cookbook version no longer uses the checksums, and collects those that nobody uses. */
  unlink(checksums: Iterable<string>): void {
    for (const checksum of checksums) {
      const uses = (this.uses.get(checksum) ?? 0) - 1;
      if (uses > 0) {
        this.uses.set(checksum, uses);
        continue;
      }
      this.uses.delete(checksum);
      this.committed.delete(checksum);
      this.files.delete(checksum);
    }
  }

  /** An independent copy, for a snapshot of the organization. */
  copy(): ChecksumTable {
    return new ChecksumTable(this.files, this.committed, this.uses);
  }
}
