import type { ObjectPath } from './object-path.ts';
import type { Action } from './phase.ts';

/** Word of a write on the primary: makes lag seconds, proves nothing. The inventory remains the truth. */
export interface Hint {
  readonly path: ObjectPath;
  readonly action: Action;
  /** When it came, ms. */
  readonly at: number;
  /** Of this very word: a later one of the same object has another, and is not removed with this one. */
  readonly id: string;
}
