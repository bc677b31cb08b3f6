import type { CookbookFiles } from '../ports/chef-org.ts';

/** A file ready to be sent: its length is known before its first byte goes out. */
export interface FileContent {
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  readonly byteLength: number;
}

/**
 * Files up to this size are held whole: most are a few kilobytes, and then neither server waits for the other. Times the files under way
 * at once this is 3 MB.
 */
const HELD_BYTES = 256 * 1024;

/**
 * Opens a file and finds out its length, which an upload must announce: file stores refuse or drop chunked ones. Where the source does
 * not tell the length (goiardi, from 2 kB on) a large file is read twice, once to count, so that it is never held in memory.
 */
export async function openContent(files: CookbookFiles, checksum: string): Promise<FileContent> {
  const stream = await files.open(checksum);
  const pieces = stream[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  while (heldBytes <= HELD_BYTES) {
    const next = await pieces.next();
    if (next.done === true) return { bytes: Buffer.concat(held), byteLength: heldBytes };
    held.push(next.value);
    heldBytes += next.value.length;
  }
  if ('byteLength' in stream && typeof stream.byteLength === 'number') {
    return { bytes: resumed(held, pieces), byteLength: stream.byteLength };
  }
  let byteLength = heldBytes;
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) byteLength += next.value.length;
  return { bytes: await files.open(checksum), byteLength };
}

async function* resumed(held: readonly Uint8Array[], pieces: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  } finally {
    // Whoever stops in the middle closes the download too.
    await pieces.return?.();
  }
}
