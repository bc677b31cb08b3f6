import type { Dispatcher } from 'undici';

/** Statuses of a server that cannot keep up or is out of order; they count as trouble. */
export const isTroubleStatus = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/** The whole body, or undefined (and the connection closed) when it is larger than allowed. */
export async function readAtMost(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const piece: unknown = chunk;
    if (!(piece instanceof Uint8Array)) throw new TypeError('a response body is a stream of bytes');
    size += piece.length;
    // Leaving the loop destroys the body and with it the connection.
    if (size > maxBytes) return undefined;
    chunks.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
  }
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size);
}

/** The first value of a header. */
export function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
