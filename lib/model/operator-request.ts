import type { ObjectPath } from './object-path.ts';
import type { Action } from './phase.ts';

/** What an operator asks to be changed. One value for every way it can travel: a call in this process, or an `Invoke` on AWS. */
export type OperatorRequest =
  /** Nothing is polled or copied any more, until `start`. */
  | { readonly command: 'stop'; readonly pairs: readonly string[] }
  /** The pair runs again, and what was paused is tried at once. */
  | { readonly command: 'start'; readonly pairs: readonly string[] }
  /** Everything is read and compared again. */
  | { readonly command: 'resync'; readonly pairs: readonly string[] }
  /** Parked and failing objects, or those named, are due at once. */
  | { readonly command: 'retry'; readonly pairs: readonly string[]; readonly paths?: readonly ObjectPath[] }
  /** Word of writes on the primary: the next poll looks at these objects. */
  | {
      readonly command: 'notify';
      readonly pairs: readonly string[];
      readonly paths: readonly ObjectPath[];
      readonly action: Action;
    }
  /** Lets the deletes of plans go. */
  | { readonly command: 'approve-deletes'; readonly pair: string; readonly plans: readonly string[] };

/** What became of it for one pair. */
export interface OperatorAnswer {
  readonly pair: string;
  /** One sentence for a person. */
  readonly text: string;
  /** Objects that are due again or were noted, or deletes that were released. */
  readonly objects?: number;
}
