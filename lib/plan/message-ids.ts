import { createHash } from 'node:crypto';
import type { OutgoingMessage } from '../model/copy-message.ts';
import type { LedgerEntry } from '../model/ledger-entry.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { type ObjectRef, trustedRef } from '../model/object-path.ts';
import { isDeletePhase, type Phase, phaseOf } from '../model/phase.ts';

/** Group and deduplication ids hold at most 128 characters while Chef's names may have 255: both are hashes. */
const hash = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** What must not be written in parallel: the versions of one cookbook name; all deletes of a pair, which are serial. */
const serialisationKey = (ref: ObjectRef, phase: Phase): string => {
  if (isDeletePhase(phase)) return 'deletes';
  return OBJECT_KINDS[ref.kind].serialisedBy === 'path' ? ref.path : `/${OBJECT_KINDS[ref.kind].root}/${ref.container}`;
};

/**
 * The next message of an entry. Its deduplication id holds the number of sends: repeating a send after a crash repeats the id and is
 * delivered once, a later send of the same version is a new message even within the queue's five minutes.
 */
export function outgoingMessage(pair: string, entry: LedgerEntry): OutgoingMessage {
  const ref = trustedRef(entry.path);
  const phase = phaseOf(ref.kind, entry.action);
  const { epoch, n } = entry.version;
  return {
    pair,
    path: entry.path,
    version: entry.version,
    phase,
    groupId: hash(pair, serialisationKey(ref, phase)),
    deduplicationId: hash(pair, entry.path, epoch, n, entry.sends + 1),
  };
}
