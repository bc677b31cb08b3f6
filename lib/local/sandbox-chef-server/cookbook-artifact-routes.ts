import { type Answer, jsonAnswer, refuse, refuseWithText } from './answer.ts';
import { type ApiRequest, jsonBody, type Route } from './api-request.ts';
import { type CookbookArtifact, readCookbookArtifact, writeCookbookArtifact } from './cookbook-artifact-document.ts';

export const cookbookArtifactRoutes: readonly Route[] = [
  {
    path: 'cookbook_artifacts',
    container: 'cookbook_artifacts',
    GET: (request) => {
      const entries = [...request.organization.cookbookArtifacts.keys()].map((name) => listEntry(request, name));
      return jsonAnswer(200, `{${entries.join(',')}}`);
    },
  },
  {
    path: 'cookbook_artifacts/:name',
    container: 'cookbook_artifacts',
    GET: (request, name) => {
      if (!request.organization.cookbookArtifacts.has(name)) refuse(404, 'not_found');
      return jsonAnswer(200, `{${listEntry(request, name)}}`);
    },
  },
  {
    path: 'cookbook_artifacts/:name/:identifier',
    container: 'cookbook_artifacts',
    GET: (request, name, identifier) =>
      jsonAnswer(200, artifactText(request, storedArtifact(request, name, identifier))),
    PUT: putCookbookArtifact,
    DELETE: (request, name, identifier) => {
      const text = artifactText(request, storedArtifact(request, name, identifier));
      request.organization.deleteCookbookArtifact(name, identifier);
      return jsonAnswer(200, text);
    },
  },
];

/**
 * Creates an artifact; it never changes one. The statements are one transaction: refused, nothing of it stays. But while
 * the first artifact of a name is inserted, any other of that name is refused as one that exists already.
 */
async function putCookbookArtifact(request: ApiRequest, name: string, identifier: string): Promise<Answer> {
  const { organization } = request;
  const artifact = readCookbookArtifact(jsonBody(request), name, identifier);
  const refuseAsKnown = (): never => refuseWithText(409, 'Cookbook artifact already exists');
  if (!organization.cookbookArtifacts.has(name)) {
    await organization.inserts.win(`cookbook_artifacts/${name}`, request.insertMs, refuseAsKnown);
  }
  if (organization.cookbookArtifacts.get(name)?.has(identifier)) refuseAsKnown();
  if ([...artifact.checksums].some((checksum) => !organization.checksums.isCommitted(checksum))) {
    refuse(400, "Manifest has a checksum that hasn't been uploaded.");
  }
  organization.setCookbookArtifact(name, identifier, artifact);
  const uri = `${request.organizationUrl}/cookbook_artifacts/${name}/${identifier}`;
  return jsonAnswer(201, JSON.stringify({ uri }), { location: uri });
}

function storedArtifact({ organization }: ApiRequest, name: string, identifier: string): CookbookArtifact {
  return organization.cookbookArtifacts.get(name)?.get(identifier) ?? refuse(404, 'not_found');
}

function artifactText(
  { organization, files, origin, nowMs, apiVersion }: ApiRequest,
  artifact: CookbookArtifact,
): string {
  const fileUrl = (checksum: string) => files.downloadUrl(origin, organization.guid, checksum, nowMs);
  return writeCookbookArtifact(artifact, apiVersion, fileUrl);
}

function listEntry({ organization, organizationUrl }: ApiRequest, name: string): string {
  const url = `${organizationUrl}/cookbook_artifacts/${name}`;
  const identifiers = [...(organization.cookbookArtifacts.get(name)?.keys() ?? [])];
  const versions = identifiers.map((identifier) => ({ url: `${url}/${identifier}`, identifier }));
  return `${JSON.stringify(name)}:${JSON.stringify({ url, versions })}`;
}
