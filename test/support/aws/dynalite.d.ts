/** The part of dynalite 4.0.0 that the tests use; the package has no types of its own. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  export default function dynalite(options: { readonly createTableMs: number }): Server;
}

/** Its store, in which items lie under keys made of their own. */
declare module 'dynalite/db/index.js' {
  type Attribute = { readonly S: string } | { readonly M: Readonly<Record<string, Attribute>> };
  export type Item = Readonly<Record<string, Attribute>>;
  export interface Store {
    getTable(name: string, done: (error: unknown, table: unknown) => void): void;
    getItemDb(tableName: string): {
      batch(puts: readonly { type: 'put'; key: string; value: Item }[], done: (error: unknown) => void): void;
    };
  }
  const db: { create(options: unknown): Store; createKey(item: Item, table: unknown): string };
  export default db;
}
