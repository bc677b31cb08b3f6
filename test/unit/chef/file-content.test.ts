import { describe, expect, test } from 'vitest';
import { type FileContent, openContent } from '../../../lib/chef/file-content.ts';

const PIECE = 64 * 1024;

/** A source of one file; `byteLength` is told only when given. */
function sourceOf(bytes: Uint8Array, byteLength?: number) {
  const seen = { opened: 0, closed: 0 };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
    } finally {
      seen.closed += 1;
    }
  }
  return {
    seen,
    open: () => {
      seen.opened += 1;
      return Promise.resolve(byteLength === undefined ? pieces() : Object.assign(pieces(), { byteLength }));
    },
  };
}

async function bytesOf(content: FileContent): Promise<Uint8Array> {
  if (content.bytes instanceof Uint8Array) return content.bytes;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('openContent', () => {
  const large = Buffer.alloc(20 * PIECE, 'abcdefg');

  test.each([0, 1, PIECE, 3 * PIECE])('a small file of %i bytes is read once and held', async (size) => {
    const source = sourceOf(large.subarray(0, size));

    const content = await openContent(source, 'md5');

    expect(content.byteLength).toBe(size);
    expect(content.bytes).toEqual(large.subarray(0, size));
    expect(source.seen).toEqual({ opened: 1, closed: 1 });
  });

  test('a large file of known length is read once and not held', async () => {
    const source = sourceOf(large, large.length);

    const content = await openContent(source, 'md5');

    expect(content.byteLength).toBe(large.length);
    expect(content.bytes).not.toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(await bytesOf(content), large)).toBe(0);
    expect(source.seen).toEqual({ opened: 1, closed: 1 });
  });

  test('a large file of unknown length is read twice, once to count', async () => {
    const source = sourceOf(large);

    const content = await openContent(source, 'md5');

    expect(content.byteLength).toBe(large.length);
    expect(Buffer.compare(await bytesOf(content), large)).toBe(0);
    expect(source.seen).toEqual({ opened: 2, closed: 2 });
  });

  test('an upload that stops in the middle closes the download', async () => {
    const source = sourceOf(large, large.length);
    const content = await openContent(source, 'md5');
    if (content.bytes instanceof Uint8Array) throw new Error('a large file is not held');

    for await (const _piece of content.bytes) break;

    expect(source.seen).toEqual({ opened: 1, closed: 1 });
  });
});
