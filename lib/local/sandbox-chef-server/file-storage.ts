import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, xmlAnswer } from './answer.ts';
import type { ChecksumTable } from './checksum-table.ts';

/** The only type that an upload may have: it is part of the URL's signature. */
const uploadType = 'application/x-binary';

/** One request to the file storage, whose path begins with `/bookshelf/`. */
export interface FileRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface FileStorageSettings {
  readonly uploadUrlSeconds: number;
  readonly downloadUrlSeconds: number;
  /** The checksums of the organization with this guid. */
  readonly checksumsOf: (guid: string) => ChecksumTable | undefined;
  /**
   * `files`, as the packages set it up: a body that does not match its Content-MD5 is kept and answered 204 without an
   * ETag. `sql`: it is answered 406 and not kept.
   */
  readonly kind: () => 'files' | 'sql';
}

/** The file storage beside the API (bookshelf): reached only by signed URLs that expire. */
export interface FileStorage {
  uploadUrl(origin: string, guid: string, checksum: string, nowMs: number): string;
  downloadUrl(origin: string, guid: string, checksum: string, nowMs: number): string;
  answer(request: FileRequest, nowMs: number): Answer;
}

export function createFileStorage(settings: FileStorageSettings): FileStorage {
  const secret = randomBytes(32);

  const sign = (
    method: string,
    host: string,
    path: string,
    issuedAt: string,
    seconds: string,
    signed: string,
  ): string =>
    createHmac('sha256', secret).update([method, host, path, issuedAt, seconds, signed].join('\n')).digest('hex');

  const signedUrl = (
    method: 'GET' | 'PUT',
    origin: string,
    guid: string,
    checksum: string,
    nowMs: number,
    seconds: number,
  ): string => {
    const path = `/bookshelf/organization-${guid}/checksum-${checksum}`;
    const issuedAt = basicTimestamp(nowMs);
    const signedHeaders = method === 'PUT' ? 'content-md5;content-type;host' : 'host';
    const signedValues = method === 'PUT' ? `${base64Md5Of(checksum)}\n${uploadType}` : '';
    const signature = sign(method, new URL(origin).host, path, issuedAt, String(seconds), signedValues);
    return (
      `${origin}${path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${issuedAt}&X-Amz-Expires=${seconds}` +
      `&X-Amz-SignedHeaders=${encodeURIComponent(signedHeaders)}&X-Amz-Signature=${signature}`
    );
  };

  const isSigned = (request: FileRequest, signedValues: string): boolean => {
    const issuedAt = request.query.get('X-Amz-Date') ?? '';
    const seconds = request.query.get('X-Amz-Expires') ?? '';
    const given = Buffer.from(request.query.get('X-Amz-Signature') ?? '');
    const host = request.headers.host ?? '';
    const expected = Buffer.from(sign(request.method, host, request.path, issuedAt, seconds, signedValues));
    return given.length === expected.length && timingSafeEqual(given, expected);
  };

  const upload = (request: FileRequest, checksums: ChecksumTable, checksum: string): Answer => {
    const contentMd5 = request.headers['content-md5'];
    if (contentMd5 === undefined) return xmlAnswer(500, 'InternalError', 'Internal Server Error');
    if (!isSigned(request, `${String(contentMd5)}\n${request.headers['content-type'] ?? ''}`)) return badSignature();

    const md5 = createHash('md5').update(request.body).digest('base64');
    const isIntact = md5 === contentMd5;
    if (!isIntact && settings.kind() === 'sql') return xmlAnswer(406, 'BadDigest', 'Not Acceptable');
    checksums.files.set(checksum, request.body);
    return { status: 204, headers: isIntact ? { etag: md5 } : {}, body: '', isFromApi: false };
  };

  const download = (request: FileRequest, checksums: ChecksumTable, checksum: string): Answer => {
    if (!isSigned(request, '')) return badSignature();
    const content = checksums.files.get(checksum);
    if (content === undefined) return xmlAnswer(404, 'NoSuchKey', 'The specified key does not exist.');
    // The storage echoes the Accept header as the type of whatever it holds.
    const headers = { 'content-type': request.headers.accept ?? uploadType };
    return { status: 200, headers, body: content, isFromApi: false };
  };

  return {
    uploadUrl: (origin, guid, checksum, nowMs) =>
      signedUrl('PUT', origin, guid, checksum, nowMs, settings.uploadUrlSeconds),
    downloadUrl: (origin, guid, checksum, nowMs) =>
      signedUrl('GET', origin, guid, checksum, nowMs, settings.downloadUrlSeconds),
    answer: (request, nowMs) => {
      const [, guid, checksum] = /^\/bookshelf\/organization-([^/]+)\/checksum-([^/]+)$/.exec(request.path) ?? [];
      const checksums = guid === undefined ? undefined : settings.checksumsOf(guid);
      if (checksum === undefined || checksums === undefined) {
        return xmlAnswer(404, 'NoSuchBucket', 'The specified bucket does not exist.');
      }
      if (isExpired(request.query, nowMs)) return xmlAnswer(403, 'AccessDenied', 'Request has expired');
      if (request.method === 'PUT') return upload(request, checksums, checksum);
      if (request.method === 'GET') return download(request, checksums, checksum);
      return xmlAnswer(405, 'MethodNotAllowed', 'The specified method is not allowed.');
    },
  };
}

function badSignature(): Answer {
  return xmlAnswer(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match.');
}

function base64Md5Of(checksum: string): string {
  return Buffer.from(checksum, 'hex').toString('base64');
}

/** `20260102T030405Z`, as in signed URLs of S3. */
function basicTimestamp(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d{3}/, '');
}

function isExpired(query: URLSearchParams, nowMs: number): boolean {
  const issuedAt = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '');
  if (issuedAt === null) return true;
  const [, year, month, day, hour, minute, second] = issuedAt;
  const issuedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return nowMs > issuedAtMs + Number(query.get('X-Amz-Expires')) * 1000;
}
