import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { SyncError } from '../model/sync-error.ts';

/** 256 bits, as much as the HMAC can use. */
const SECRET_BYTES = 32;

/**
 * The generated secret of the fingerprints, in a file beside the state that only its owner can read; made when missing. Losing it loses
 * no data: every object looks different once, is compared with the replica and found equal.
 */
export function fingerprintSecret(statePath: string): Uint8Array {
  const path = `${statePath}-fingerprint.key`;
  try {
    // wx: of two processes that start together one makes the secret and both use it.
    writeFileSync(path, `${randomBytes(SECRET_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!isExisting(error)) throw unusable(path, 'cannot be written', error);
  }
  const secret = Buffer.from(readSecret(path), 'base64');
  if (secret.length !== SECRET_BYTES) throw unusable(path, 'does not hold the 32 bytes that were written to it');
  return secret;
}

const isExisting = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusable(path, 'cannot be read', error);
  }
}

const unusable = (path: string, what: string, cause?: unknown): SyncError =>
  new SyncError(
    `${path} (the secret of the fingerprints) ${what}: restore it or its permissions, or remove it to have everything compared anew.`,
    {
      code: 'FINGERPRINT_SECRET',
      scope: 'pair',
      retry: 'never',
    },
    { cause },
  );
