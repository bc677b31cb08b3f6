import { SyncError } from '../model/sync-error.ts';

/** An expected failure by its sentence, a fault of ours with its trace; for logs, never for an operator's terminal. */
export function faultText(error: unknown): string {
  if (error instanceof SyncError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
