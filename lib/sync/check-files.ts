import pMap from 'p-map';
import type { ObjectRef } from '../model/object-path.ts';
import type { Side } from '../model/side.ts';
import { manifestFiles } from '../plan/normalised-form.ts';
import type { CookbookFiles } from '../ports/chef-org.ts';
import { orgOf, type PairSides } from './pair-context.ts';
import { reasonOf } from './walk-pair.ts';

/** Files of one side under way at a time: each streams, none is kept. */
const FILES_AT_ONCE = 4;

/** Checksums of which the bytes are as they say, or are being hashed, on each side. Cookbook versions share most of their files. */
export type CheckedFiles = Readonly<Record<Side, Map<string, Promise<void>>>>;

/** To begin with. */
export const noFilesChecked = (): CheckedFiles => ({ primary: new Map(), replica: new Map() });

/**
 * Downloads the files of a cookbook version from both sides and hashes them. Answers the first sentence about a file that its server does
 * not give as the manifest says, or undefined when all are so. Files in `checked` are not read again; good ones join it. Rejects with a
 * `SyncError` of scope `endpoint` when a server cannot be used.
 */
export async function checkFiles(
  sides: PairSides,
  ref: ObjectRef,
  texts: Readonly<Record<Side, string>>,
  checked: CheckedFiles,
): Promise<string | undefined> {
  for (const side of ['primary', 'replica'] as const) {
    const files = orgOf(sides, side).cookbookFiles({ ref, text: texts[side] });
    const checksums = new Set(manifestFiles(texts[side]).values());
    try {
      await pMap(checksums, (checksum) => readOnce(files, checksum, checked[side]), { concurrency: FILES_AT_ONCE });
    } catch (error) {
      return await reasonOf(sides, error);
    }
  }
  return undefined;
}

async function readOnce(files: CookbookFiles, checksum: string, checked: CheckedFiles[Side]): Promise<void> {
  const reading = checked.get(checksum) ?? readThrough(files, checksum);
  checked.set(checksum, reading);
  try {
    await reading;
  } catch (error) {
    checked.delete(checksum);
    throw error;
  }
}

/** The stream fails unless the bytes have that MD5. */
async function readThrough(files: CookbookFiles, checksum: string): Promise<void> {
  for await (const _piece of await files.open(checksum)) {
    // Only the hash matters.
  }
}
