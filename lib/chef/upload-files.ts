import * as z from 'zod/mini';
import { ChefRequestError } from '../model/chef-request-error.ts';
import type { CookbookFiles } from '../ports/chef-org.ts';
import { WrongBytesError } from './cookbook-files.ts';
import type { ManifestFile } from './cookbook-manifest.ts';
import { openContent } from './file-content.ts';
import { jsonObject, type OrgRequests, refused, unexpected } from './org-requests.ts';
import { mayPass, pauseBeforeTry } from './retry.ts';

/** Checksums per sandbox: its commit checks every file, 5 s each and 10 at a time, while the request waits. */
const SANDBOX_CHECKSUMS = 100;
/** A commit answers 503 while the file store is behind; it is asked this often, with growing pauses, before the attempt fails. */
const COMMIT_TRIES = 5;
/** Tries of one file's way from the primary to the replica. */
const TRANSFER_TRIES = 3;
/** Chef servers sign upload URLs for 15 minutes; past most of that, a refused one has expired and a smaller sandbox will fit. */
const UPLOAD_URL_LIFETIME_MS = 14 * 60_000;

const sandboxAnswer = z.object({
  sandbox_id: z.string().check(z.regex(/^[\w.-]+$/)),
  checksums: z.record(z.string(), z.object({ needs_upload: z.boolean(), url: z.optional(z.string()) })),
});

/** Files to bring to an organization, for one cookbook version. */
export interface FilesToUpload {
  /** For messages: the cookbook version's path. */
  readonly shownPath: string;
  readonly files: readonly ManifestFile[];
  readonly source: CookbookFiles;
  /** Called when a sandbox with new files is committed: what happens later, those need not cross again. */
  onCommitted(): void;
}

/** Brings the files that an organization lacks; resolves when it has them all, committed. */
export type FileUploader = (upload: FilesToUpload) => Promise<void>;

/**
 * An uploader for one organization. A checksum crosses once even when several cookbook versions that share it are written at the same
 * time: the later ones wait for the first.
 */
export function createFileUploader(org: OrgRequests): FileUploader {
  /** Checksums on their way, each with whether it arrived. */
  const underWay = new Map<string, Promise<boolean>>();

  return async function uploadFiles(upload) {
    let open = [...new Map(upload.files.map((file) => [file.checksum, file])).values()];
    while (open.length > 0) {
      const own = open.filter(({ checksum }) => !underWay.has(checksum));
      const arrivals = open
        .filter((file) => !own.includes(file))
        .map(async (file) => ({ file, hasArrived: await underWay.get(file.checksum) }));
      if (own.length > 0) await uploadAsOwner(upload, own);
      // What another could not bring is tried once more for this cookbook, with its own source.
      open = (await Promise.all(arrivals)).filter(({ hasArrived }) => hasArrived !== true).map(({ file }) => file);
    }
  };

  async function uploadAsOwner(upload: FilesToUpload, files: readonly ManifestFile[]): Promise<void> {
    const work = uploadInSandboxes(org, upload, files);
    const hasArrived = work.then(
      () => true,
      () => false,
    );
    for (const { checksum } of files) underWay.set(checksum, hasArrived);
    try {
      await work;
    } finally {
      for (const { checksum } of files) underWay.delete(checksum);
    }
  }
}

async function uploadInSandboxes(
  org: OrgRequests,
  upload: FilesToUpload,
  files: readonly ManifestFile[],
): Promise<void> {
  for (let start = 0; start < files.length; start += SANDBOX_CHECKSUMS) {
    await uploadInSandbox(org, upload, files.slice(start, start + SANDBOX_CHECKSUMS));
  }
}

async function uploadInSandbox(org: OrgRequests, upload: FilesToUpload, files: readonly ManifestFile[]): Promise<void> {
  const { clock } = org.server;
  const startedAt = clock.now();
  const { id, urls } = await createSandbox(org, files);
  try {
    await transferAll(org, upload, files, urls);
  } catch (error) {
    const isExpired =
      error instanceof ChefRequestError &&
      error.failure.status === 403 &&
      clock.now() - startedAt > UPLOAD_URL_LIFETIME_MS;
    if (!isExpired || files.length === 1) throw error;
    const half = Math.ceil(files.length / 2);
    await uploadInSandbox(org, upload, files.slice(0, half));
    await uploadInSandbox(org, upload, files.slice(half));
    return;
  }
  await commitSandbox(org, id);
  if (urls.size > 0) upload.onCommitted();
}

/** A sandbox for these files, with the upload URLs of those that the organization lacks. */
async function createSandbox(
  org: OrgRequests,
  files: readonly ManifestFile[],
): Promise<{ readonly id: string; readonly urls: ReadonlyMap<string, string> }> {
  const body = JSON.stringify({ checksums: Object.fromEntries(files.map(({ checksum }) => [checksum, null])) });
  const answer = await org.send({ method: 'POST', path: '/sandboxes', body });
  const sandbox = sandboxAnswer.safeParse(jsonObject(answer));
  if (!sandbox.success) throw unexpected(answer, 'a sandbox');
  const urls = new Map<string, string>();
  for (const { checksum } of files) {
    const told = sandbox.data.checksums[checksum];
    if (told === undefined || (told.needs_upload && told.url === undefined))
      throw unexpected(answer, 'a sandbox of all files');
    if (told.needs_upload && told.url !== undefined) urls.set(checksum, told.url);
  }
  return { id: sandbox.data.sandbox_id, urls };
}

async function commitSandbox(org: OrgRequests, id: string): Promise<void> {
  const body = '{"is_completed":true}';
  try {
    const answer = await org.send({
      method: 'PUT',
      path: `/sandboxes/${id}`,
      body,
      accepts: [404],
      tries: COMMIT_TRIES,
    });
    // A committed sandbox is gone: after an answer that was lost on the way, "no such sandbox" means that it worked.
    if (answer.status === 404 && !answer.wasRetried) throw refused(answer);
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    throw new ChefRequestError({ ...error.failure, isSandboxCommit: true }, { cause: error });
  }
}

/** All files with a URL, side by side. After a failure no further one starts, and none is left running. */
async function transferAll(
  org: OrgRequests,
  upload: FilesToUpload,
  files: readonly ManifestFile[],
  urls: ReadonlyMap<string, string>,
): Promise<void> {
  const failures: unknown[] = [];
  const transfers = files.map(async (file) => {
    const url = urls.get(file.checksum);
    if (url === undefined) return;
    await org.server.transfers.enter();
    try {
      if (failures.length === 0) await transfer(org, upload, file, url);
    } catch (error) {
      failures.push(error);
    } finally {
      org.server.transfers.leave();
    }
  });
  await Promise.all(transfers);
  if (failures.length > 0) throw failures[0];
}

async function transfer(org: OrgRequests, upload: FilesToUpload, file: ManifestFile, url: string): Promise<void> {
  for (let failedTries = 0; ; ) {
    try {
      await transferOnce(org, upload, file, url);
      return;
    } catch (error) {
      failedTries += 1;
      const isWorthATry =
        error instanceof WrongBytesError || (error instanceof ChefRequestError && mayPass(error.failure));
      if (!isWorthATry || failedTries >= TRANSFER_TRIES) throw error;
      await pauseBeforeTry(org.server.clock, failedTries);
    }
  }
}

async function transferOnce(org: OrgRequests, upload: FilesToUpload, file: ManifestFile, url: string): Promise<void> {
  const content = await openContent(upload.source, file.checksum);
  const contentMd5 = Buffer.from(file.checksum, 'hex').toString('base64');
  const shownAs = `${upload.shownPath} file ${file.path}`;
  const { status, etag } = await org.server.fileStore.upload({ side: org.side, shownAs, url, contentMd5, ...content });
  // Chef's file store answers 204 and names the MD5 of what it holds. Without the right one it may hold other bytes, although it
  // accepted them (seen on Chef Infra Server 15.10); other stores answer 200 and check the bytes themselves.
  if (status === 204 && etag?.replace(/^W\/(?=")|"/g, '') !== contentMd5) {
    const text =
      'the file store does not confirm the bytes it was sent; look at its disk and at proxies in front of it';
    throw new WrongBytesError({ side: org.side, request: `PUT ${shownAs}`, cause: 'unexpected-answer', status, text });
  }
}
