import { createHash } from 'node:crypto';
import { ChefRequestError, type RequestFailure } from '../model/chef-request-error.ts';
import type { ChefObject, CookbookFiles } from '../ports/chef-org.ts';
import { type ManifestFile, readManifest } from './cookbook-manifest.ts';
import type { RequestLabel } from './failures.ts';
import type { FileDownload } from './file-store.ts';
import { readObject } from './json-objects.ts';
import type { OrgRequests } from './org-requests.ts';

/** A file's content while it arrives, and its length when the server announced it. */
export interface FileStream extends AsyncIterable<Uint8Array> {
  readonly byteLength: number | undefined;
}

/** The files of a cookbook version, by the URLs of its manifest; the manifest is read again, once, when they have expired. */
export function cookbookFilesOf(
  org: OrgRequests,
  manifest: ChefObject,
): CookbookFiles & {
  open(checksum: string): Promise<FileStream>;
} {
  const { ref } = manifest;
  let files = filesByChecksum(org, manifest);
  let renewal: Promise<void> | undefined;

  async function renew(): Promise<void> {
    const again = await readObject(org, ref);
    if ('missing' in again) {
      const text = 'the cookbook version was deleted while it was read';
      throw new ChefRequestError({ ...requestOf(org, ref.path), cause: 'object', status: 404, text });
    }
    files = filesByChecksum(org, again);
  }

  async function request(checksum: string): Promise<{ readonly file: ManifestFile; readonly download: FileDownload }> {
    const file = files.get(checksum.toLowerCase());
    if (file?.url === undefined) throw objectError(org, ref.path, 'its manifest has no URL for one of its files');
    const shownAs = `${ref.path} file ${file.path}`;
    return { file, download: await org.server.fileStore.download({ side: org.side, shownAs, url: file.url }) };
  }

  return {
    async open(checksum) {
      let { file, download } = await request(checksum);
      if (download.status === 403 && renewal === undefined) renewal = renew();
      if (download.status === 403 && renewal !== undefined) {
        download.discard();
        await renewal;
        ({ file, download } = await request(checksum));
      }
      const shown = `${ref.path} file ${file.path}`;
      if (download.status === 200) {
        const words = 'its bytes are not those that its checksum names; upload the cookbook again';
        const failure = { ...requestOf(org, shown), cause: 'object', text: words } as const;
        return Object.assign(checked(download.bytes, checksum, failure), { byteLength: download.byteLength });
      }
      download.discard();
      const { status } = download;
      if (status === 404) {
        const text = `the file is lost on the ${org.side}; upload the cookbook there again`;
        throw new ChefRequestError({ ...requestOf(org, shown), cause: 'object', status, text });
      }
      const text = `the file store answers ${status}`;
      throw new ChefRequestError({ ...requestOf(org, shown), cause: 'status', status, text });
    },
  };
}

function filesByChecksum(org: OrgRequests, manifest: ChefObject): ReadonlyMap<string, ManifestFile> {
  const read = readManifest(manifest.ref, manifest.text);
  if ('problem' in read) throw objectError(org, manifest.ref.path, `the manifest ${read.problem}`);
  return new Map(read.files.map((file) => [file.checksum.toLowerCase(), file]));
}

/**
 * The same bytes, one piece late: the last piece is given away only when the MD5 of all is right. So a receiver that was told the length
 * never gets a complete file of wrong bytes.
 */
async function* checked(
  bytes: AsyncIterable<Uint8Array>,
  checksum: string,
  wrong: RequestFailure,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('md5');
  let held: Uint8Array | undefined;
  for await (const piece of bytes) {
    if (held !== undefined) yield held;
    hash.update(piece);
    held = piece;
  }
  if (hash.digest('hex') !== checksum.toLowerCase()) throw new WrongBytesError(wrong);
  if (held !== undefined) yield held;
}

/** A file arrived complete, with other bytes than its checksum names. They may have become so on the way: once more tells. */
export class WrongBytesError extends ChefRequestError {}

function requestOf(org: OrgRequests, shown: string): RequestLabel {
  return { side: org.side, request: `GET ${shown}` };
}

/** A failure that lasts until somebody corrects the object: a status would say that asking again may help. */
function objectError(org: OrgRequests, shown: string, text: string): ChefRequestError {
  return new ChefRequestError({ ...requestOf(org, shown), cause: 'object', text });
}
