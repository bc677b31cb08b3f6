import { type Answer, jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, type Route } from './api-request.ts';
import { plainName } from './chef-names.ts';
import { type CookbookManifest, readManifest, textOf, writeManifest } from './cookbook-manifest.ts';
import { compareNewestFirst, normaliseVersion } from './cookbook-version-number.ts';
import { isObject, member, writeJson } from './json-text.ts';
import type { OrganizationStore, StoredCookbookVersion } from './organization-store.ts';

export const cookbookRoutes: readonly Route[] = [
  {
    path: 'cookbooks',
    container: 'cookbooks',
    GET: (request) => {
      const most = numberOfVersions(request.query.get('num_versions') ?? '1');
      const entries = [...request.organization.cookbooks.keys()].map((name) => listEntry(request, name, most));
      return jsonAnswer(200, `{${entries.join(',')}}`);
    },
  },
  {
    path: 'cookbooks/:name',
    container: 'cookbooks',
    GET: (request, name) => {
      if (!request.organization.cookbooks.has(name)) refuse(404, `Cannot find a cookbook named ${name}`);
      return jsonAnswer(200, `{${listEntry(request, name, Number.POSITIVE_INFINITY)}}`);
    },
  },
  {
    path: 'cookbooks/:name/:version',
    container: 'cookbooks',
    GET: (request, name, version) => {
      const { stored } = findVersion(request, name, version);
      const { files, organization, origin, nowMs } = request;
      const fileUrl = (checksum: string) => files.downloadUrl(origin, organization.guid, checksum, nowMs);
      return jsonAnswer(200, writeManifest(stored.manifest, request.apiVersion, fileUrl));
    },
    PUT: putCookbookVersion,
    DELETE: (request, name, version) => {
      const { key, stored } = findVersion(request, name, version);
      request.organization.deleteCookbookVersion(name, key);
      return jsonAnswer(200, writeManifest(stored.manifest, 0));
    },
  },
  { path: 'universe', container: 'cookbooks', GET: (request) => jsonAnswer(200, universe(request)) },
];

async function putCookbookVersion(request: ApiRequest, name: string, version: string): Promise<Answer> {
  const key = checkedVersion(version);
  if (!plainName.test(name)) {
    refuse(
      400,
      `Invalid cookbook name '${name}' using regex: 'Malformed cookbook name. Must only contain A-Z, a-z, 0-9, _, . or -'.`,
    );
  }
  const manifest = readManifest(jsonBody(request), name, version, request.apiVersion);
  const existing = request.organization.cookbookVersion(name, key);
  return existing
    ? updateCookbookVersion(request, name, key, existing, manifest)
    : createCookbookVersion(request, name, key, manifest);
}

/**
 * Creates a version. The statements are not one transaction: two first versions of a cookbook at once, and one meets the
 * other's cookbook; the same version twice, and one meets the other's version. Refused for an unknown checksum, a
 * version stays all the same.
 */
async function createCookbookVersion(
  request: ApiRequest,
  name: string,
  key: string,
  manifest: CookbookManifest,
): Promise<Answer> {
  const { organization, insertMs } = request;
  const { inserts } = organization;
  const refuseAsKnown = (): never => refuse(409, 'Cookbook already exists');
  if (!organization.cookbooks.has(name)) {
    await inserts.win(`cookbooks/${name}`, insertMs, () => refuse(500, 'internal service error'));
  }
  await inserts.win(`cookbooks/${name}/${key}`, insertMs, refuseAsKnown);
  if (organization.cookbookVersion(name, key) !== undefined) refuseAsKnown();
  if (unknownChecksum(organization, manifest) !== undefined) {
    organization.leaveUnlinkedCookbookVersion(name, key, manifest);
    refuse(400, "Manifest has a checksum that hasn't been uploaded.");
  }
  organization.setCookbookVersion(name, key, manifest);
  return jsonAnswer(201, writeManifest(manifest, request.apiVersion));
}

/** Replaces a version. Refused for an unknown checksum, the version has lost the checksums of its old manifest. */
function updateCookbookVersion(
  request: ApiRequest,
  name: string,
  key: string,
  existing: StoredCookbookVersion,
  manifest: CookbookManifest,
): Answer {
  const { organization, query } = request;
  const isForced = (query.get('force') ?? 'false') !== 'false';
  if (existing.manifest.isFrozen && !isForced) {
    refuse(409, `The cookbook ${name} at version ${key} is frozen. Use the 'force' option to override.`);
  }
  const unknown = unknownChecksum(organization, manifest);
  if (unknown !== undefined) {
    organization.forgetChecksumsOf(name, key);
    refuse(400, `Manifest has checksum ${unknown} but it hasn't yet been uploaded`);
  }
  const stored = { ...manifest, isFrozen: manifest.isFrozen || existing.manifest.isFrozen };
  organization.setCookbookVersion(name, key, stored);
  return jsonAnswer(200, writeManifest(stored, request.apiVersion));
}

function unknownChecksum(organization: OrganizationStore, manifest: CookbookManifest): string | undefined {
  return [...manifest.checksums].find((checksum) => !organization.checksums.isCommitted(checksum));
}

function findVersion(
  { organization }: ApiRequest,
  name: string,
  version: string,
): { readonly key: string; readonly stored: StoredCookbookVersion } {
  const isLatest = version === '_latest' || version === 'latest';
  const key = isLatest ? newestFirst(organization, name)[0] : checkedVersion(version);
  const stored = key === undefined ? undefined : organization.cookbookVersion(name, key);
  if (key === undefined || stored === undefined) {
    return refuse(404, `Cannot find a cookbook named ${name} with version ${version}`);
  }
  return { key, stored };
}

function checkedVersion(version: string): string {
  return normaliseVersion(version) ?? refuse(400, `Invalid cookbook version '${version}'.`);
}

function numberOfVersions(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text)
    ? Number(text)
    : refuse(400, "You have requested an invalid number of versions (x >= 0 || 'all')");
}

function listEntry({ organization, organizationUrl }: ApiRequest, name: string, most: number): string {
  const url = `${organizationUrl}/cookbooks/${name}`;
  const versions = newestFirst(organization, name)
    .slice(0, most)
    .map((version) => ({ version, url: `${url}/${version}` }));
  return `${JSON.stringify(name)}:${JSON.stringify({ url, versions })}`;
}

function newestFirst(organization: OrganizationStore, name: string): string[] {
  return [...(organization.cookbooks.get(name)?.keys() ?? [])].sort(compareNewestFirst);
}

function universe({ organization, organizationUrl }: ApiRequest): string {
  const cookbooks = [...organization.cookbooks].map(([name, versions]) => {
    const entries = [...versions].map(([version, { manifest }]) => {
      const metadata = member(manifest.document, 'metadata');
      const dependencies = isObject(metadata) ? (member(metadata, 'dependencies') ?? { members: [] }) : { members: [] };
      const location = JSON.stringify(
        `${organizationUrl}/cookbooks/${name}/${textOf(manifest.document, 'version') || version}`,
      );
      return `"${version}":{"location_path":${location},"location_type":"chef_server","dependencies":${writeJson(dependencies)}}`;
    });
    return `${JSON.stringify(name)}:{${entries.join(',')}}`;
  });
  return `{${cookbooks.join(',')}}`;
}
