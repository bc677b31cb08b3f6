import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { ChefRequestError } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import type { Clock } from '../ports/clock.ts';
import { type RequestLabel, statusFailure, transportFailure } from './failures.ts';
import { headerOf, isTroubleStatus, readAtMost } from './http-answer.ts';
import type { RequestLimiters } from './request-limiter.ts';

/** What a store says to an upload is a sentence at most. */
const MAX_STORE_ANSWER_BYTES = 64 * 1024;

/** One request for a file's content, at a URL that carries its own permission. */
export interface FileRequest {
  readonly side: Side;
  /** For messages: the URL itself is a secret while it is valid. */
  readonly shownAs: string;
  readonly url: string;
}

/** An answer whose body is still to be read, of whatever status. */
export interface FileDownload {
  readonly status: number;
  /** Undefined when the server sends the file in chunks of unannounced total length. */
  readonly byteLength: number | undefined;
  /** The content; must be read or destroyed. Fails with a ChefRequestError when it breaks off. */
  readonly bytes: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** A file to send. The iterable is read once, while sending. */
export interface FileUpload extends FileRequest {
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  readonly byteLength: number;
  readonly contentMd5: string;
}

/** How a file store took a file. */
export interface UploadAnswer {
  readonly status: number;
  readonly etag: string | undefined;
}

/**
 * Where a Chef server keeps the contents of cookbook files: itself, or another host such as S3. Its URLs carry their own permission, and
 * no credential ever goes there.
 */
export interface FileStore {
  /** One try. The answer may have any status. */
  download(request: FileRequest): Promise<FileDownload>;
  /** One try. Throws a ChefRequestError for every status but 2xx. */
  upload(request: FileUpload): Promise<UploadAnswer>;
}

/** The file stores that are reached over `agent`, each host with its own bound of requests in flight. */
export function createFileStore(agent: Dispatcher, limiters: RequestLimiters, clock: Clock): FileStore {
  return {
    async download({ side, shownAs, url: fileUrl }) {
      const label = { side, request: `GET ${shownAs}` };
      const file = parseFileUrl(label, fileUrl);
      const place = await limiters.of(file.origin).enter();
      let isTrouble = true;
      try {
        const response = await agent.request({
          origin: file.origin,
          method: 'GET',
          path: `${file.pathname}${file.search}`,
          // Bookshelf repeats the Accept header as Content-Type, and its front end compresses what calls itself JSON.
          headers: { Accept: '*/*', 'Accept-Encoding': 'identity' },
        });
        isTrouble = isTroubleStatus(response.statusCode);
        const length = headerOf(response.headers, 'content-length');
        return {
          status: response.statusCode,
          byteLength: length === undefined ? undefined : Number(length),
          bytes: withFailures(response.body, label, file.host),
          discard: () => {
            response.body.on('error', ignoreLateError).destroy();
          },
        };
      } catch (error) {
        throw new ChefRequestError(transportFailure(label, file.host, error), { cause: error });
      } finally {
        // Given back before the body is read: whoever reads it waits for a place at the other server, which may be this one.
        place.leave(isTrouble ? 'trouble' : 'answered');
      }
    },
    async upload({ side, shownAs, url: fileUrl, bytes, byteLength, contentMd5 }) {
      const label = { side, request: `PUT ${shownAs}` };
      const file = parseFileUrl(label, fileUrl);
      const place = await limiters.of(file.origin).enter();
      let isTrouble = true;
      try {
        const response = await agent.request({
          origin: file.origin,
          method: 'PUT',
          path: `${file.pathname}${file.search}`,
          // Content-Type and Content-MD5 are part of the URL's signature and must be exactly these.
          headers: {
            'Content-Type': 'application/x-binary',
            'Content-MD5': contentMd5,
            'Content-Length': String(byteLength),
            Accept: 'application/json',
          },
          body: bytes instanceof Uint8Array ? bytes : Readable.from(bytes, { highWaterMark: 1 }),
        });
        const status = response.statusCode;
        const answer = await readAtMost(response.body, MAX_STORE_ANSWER_BYTES);
        isTrouble = isTroubleStatus(status);
        if (status >= 200 && status < 300) return { status, etag: headerOf(response.headers, 'etag') };
        throw new ChefRequestError(statusFailure(label, status, answer?.toString('utf8') ?? '', {}, clock.now()));
      } catch (error) {
        if (error instanceof ChefRequestError) {
          // The source's own failure comes out of the request unchanged, and is no trouble of this server's.
          if (error.failure.side !== side) isTrouble = false;
          throw error;
        }
        throw new ChefRequestError(transportFailure(label, file.host, error), { cause: error });
      } finally {
        place.leave(isTrouble ? 'trouble' : 'answered');
      }
    },
  };
}

function parseFileUrl(label: RequestLabel, text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new ChefRequestError({
    ...label,
    cause: 'unexpected-answer',
    text: 'the server gave no usable URL for this file',
  });
}

async function* withFailures(
  body: AsyncIterable<Uint8Array>,
  label: RequestLabel,
  host: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new ChefRequestError(transportFailure(label, host, error), { cause: error });
  }
}

/** A body that nobody reads any more may still report that its connection broke. */
function ignoreLateError(): void {}
