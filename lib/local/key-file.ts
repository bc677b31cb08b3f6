import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SyncError } from '../model/sync-error.ts';

/** A file that holds a user's private key and that only its owner can read. */
export interface KeyFile {
  readonly place: string;
  /** Throws a SyncError when there is a file that cannot be read. */
  read(): Promise<'empty' | { readonly pem: string }>;
  /**
   * Puts the key into the file, mode 0600; its folder is made when missing, 0700. At any time the file holds the old key or the new one,
   * whole. It keeps its owner, so that a daemon of another user still reads it. Throws a SyncError and leaves the file as it was.
   */
  write(pem: string): Promise<void>;
}

/** The file at this path. `place`: how messages call it. */
export function keyFile(path: string, place: string = path): KeyFile {
  const refuse = (what: string, error: unknown): SyncError => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return new SyncError(
      `The key file ${place} cannot be ${what} (${code}): correct the path in the configuration, or the permissions of the file and its folder.`,
      { code: 'KEY_FILE', scope: 'pair', retry: 'never' },
      { cause: error },
    );
  };
  return {
    place,
    async read() {
      try {
        return { pem: readFileSync(path, 'utf8') };
      } catch (error) {
        if (isMissing(error)) return 'empty';
        throw refuse('read', error);
      }
    },
    async write(pem) {
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        replaceWhole(existingTarget(path), pem);
      } catch (error) {
        throw refuse('written', error);
      }
    },
  };
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Several servers may share one key through links: what they lead to is replaced, not the link. */
function existingTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isMissing(error)) return path;
    throw error;
  }
}

function replaceWhole(path: string, text: string): void {
  const next = `${path}.new`;
  // Of a run that was killed.
  rmSync(next, { force: true });
  try {
    const file = openSync(next, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      keepOwner(path, next);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}

function keepOwner(path: string, next: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  const now = statSync(next);
  if (before !== undefined && (before.uid !== now.uid || before.gid !== now.gid))
    chownSync(next, before.uid, before.gid);
}
