import { setTimeout as wait } from 'node:timers/promises';

/**
 * The rows that the server is inserting at this moment. It looks for a row, finds none and inserts it, in no transaction:
 * whoever else looks in between finds none either, and the database refuses the later insert.
 */
export class RowInserts {
  private readonly keys = new Set<string>();

  /** Resolves when the caller may store the row; ends with `conflict` while another is inserting the same one. */
  async win(key: string, insertMs: number, conflict: () => never): Promise<void> {
    if (this.keys.has(key)) conflict();
    this.keys.add(key);
    await wait(insertMs);
    this.keys.delete(key);
  }
}
