import type { ObjectPath } from './object-path.ts';
import type { Phase } from './phase.ts';
import type { Version } from './version.ts';

/** A wake-up call for a copier: which version of which object. It carries no content; the ledger is the truth. */
export interface CopyMessage {
  readonly pair: string;
  readonly path: ObjectPath;
  readonly version: Version;
}

/** A message as it is put into the queue. */
export interface OutgoingMessage extends CopyMessage {
  readonly phase: Phase;
  /** Messages of one group are handled in order, by one copier at a time. */
  readonly groupId: string;
  /** A message with an id seen in the last five minutes is accepted and not delivered. */
  readonly deduplicationId: string;
}
