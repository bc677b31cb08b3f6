import { ChefRequestError } from '../model/chef-request-error.ts';
import type { ObjectRef } from '../model/object-path.ts';
import type { CookbookFiles } from '../ports/chef-org.ts';
import { type CookbookManifest, filesOutsideSegments, readManifest, writeManifest } from './cookbook-manifest.ts';
import { jsonObject, type OrgRequests } from './org-requests.ts';
import type { FileUploader } from './upload-files.ts';

/** Names shown of files that cannot be copied. */
const MAX_NAMES_SHOWN = 5;

/**
 * Brings the files that the organization lacks, commits them, and only then writes the manifest over whatever is there, frozen or not.
 * Afterwards the version is as the manifest says, but a frozen one stays frozen: only deleting it could change that, and a delete beside
 * other uploads of the organization is never done here. A failure after a committed sandbox says that it made progress.
 */
export async function writeCookbookVersion(
  org: OrgRequests,
  uploadFiles: FileUploader,
  ref: ObjectRef,
  manifestText: string,
  source: CookbookFiles,
): Promise<void> {
  const manifest = readManifest(ref, manifestText);
  if ('problem' in manifest) throw objectFailure(org, ref, `the manifest ${manifest.problem}`);
  let hasProgressed = false;
  const upload = {
    shownPath: ref.path,
    files: manifest.files,
    source,
    onCommitted: () => {
      hasProgressed = true;
    },
  };
  const bringFiles = () => uploadFiles(upload);
  try {
    const body = writeManifest(manifest, await apiVersionFor(org, ref, manifest));
    await bringFiles();
    await putManifest(org, ref, manifest, body, bringFiles);
  } catch (error) {
    if (!hasProgressed || !(error instanceof ChefRequestError)) throw error;
    throw new ChefRequestError({ ...error.failure, hasProgressed }, { cause: error });
  }
}

/** The API version to write with. Fails, before anything is written, when the server has no place for some of the files. */
async function apiVersionFor(org: OrgRequests, ref: ObjectRef, manifest: CookbookManifest): Promise<number> {
  if (org.server.apiVersion() === undefined) {
    // Any answer tells the version; this list is short on every server.
    jsonObject(await org.send({ method: 'GET', path: '/environments' }));
  }
  const apiVersion = org.server.apiVersion() ?? 0;
  const homeless = apiVersion >= 2 ? [] : filesOutsideSegments(manifest);
  if (homeless.length === 0) return apiVersion;
  const shown = homeless.slice(0, MAX_NAMES_SHOWN).join(', ') + (homeless.length > MAX_NAMES_SHOWN ? ', …' : '');
  throw objectFailure(
    org,
    ref,
    `the server's API version ${apiVersion} has no place for ${homeless.length} of its files (${shown}); it needs Chef Server 12.18.14 or newer`,
  );
}

async function putManifest(
  org: OrgRequests,
  ref: ObjectRef,
  manifest: CookbookManifest,
  body: string,
  bringFiles: () => Promise<void>,
): Promise<void> {
  try {
    await putOnce(org, ref, manifest, body);
    return;
  } catch (error) {
    if (!isMissingChecksum(error)) throw error;
    // A file that was committed may be gone again, collected with the last version that used it. And the refusal itself made the server
    // forget files of an older manifest, so all of them are asked for again.
    await bringFiles();
  }
  try {
    await putOnce(org, ref, manifest, body);
  } catch (error) {
    if (!(error instanceof ChefRequestError) || !isMissingChecksum(error)) throw error;
    throw new ChefRequestError({ ...error.failure, isMissingChecksum: true }, { cause: error });
  }
}

async function putOnce(org: OrgRequests, ref: ObjectRef, manifest: CookbookManifest, body: string): Promise<void> {
  const path = `/cookbooks/${ref.container}/${manifest.writtenVersion}`;
  // chef-zero overrides a frozen version only for exactly `true`.
  jsonObject(await org.send({ method: 'PUT', path, query: 'force=true', body }));
}

function isMissingChecksum(error: unknown): boolean {
  return (
    error instanceof ChefRequestError && error.failure.status === 400 && /checksum.*uploaded/i.test(error.failure.text)
  );
}

function objectFailure(org: OrgRequests, ref: ObjectRef, text: string): ChefRequestError {
  return new ChefRequestError({ side: org.side, request: `PUT ${ref.path}`, cause: 'object', text });
}
