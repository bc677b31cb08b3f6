import * as z from 'zod/mini';
import { identityOfClient } from '../model/organization-identity.ts';
import type { Side } from '../model/side.ts';
import type { ChefOrg, OrgIdentity } from '../ports/chef-org.ts';
import type { ApiAnswer } from './api-request.ts';
import type { ChefServer } from './chef-server.ts';
import { cookbookFilesOf } from './cookbook-files.ts';
import { READ_DENIED } from './failures.ts';
import { listNames, searchBodies } from './inventory.ts';
import { createObject, readObject, removeObject, replaceObject } from './json-objects.ts';
import { createOrgRequests, jsonObject, type OrgRequests, refused, unexpected } from './org-requests.ts';
import { readUpdatedSince } from './updated-since.ts';
import { createFileUploader } from './upload-files.ts';
import { writeCookbookVersion } from './write-cookbook.ts';

/** One organization of a Chef server, as one side of a pair. */
export interface ChefOrgSettings {
  readonly server: ChefServer;
  /** Null for a server without organizations. */
  readonly organization: string | null;
  readonly side: Side;
}

/** A search service that is out of order is not asked for every list of every pass; until then objects are read one by one. */
const SEARCH_REST_MS = 10 * 60_000;

const organizationAnswer = z.object({ name: z.string(), guid: z.optional(z.string().check(z.minLength(1))) });
const principal = z.object({ type: z.string(), authz_id: z.string().check(z.minLength(1)), org_member: z.boolean() });
/** Version 0 of the API knows one of a name, later ones a user and a client. */
const principalAnswer = z.union([z.object({ principals: z.array(principal) }), principal]);
const environmentAnswer = z.object({ name: z.literal('_default') });

/**
 * The organization over HTTP. All pairs that write to one organization must share one of these per process: it is what lets a file
 * cross only once.
 */
export function createChefOrg({ server, organization, side }: ChefOrgSettings): ChefOrg {
  const org = createOrgRequests(server, organization, side);
  const uploadFiles = createFileUploader(org);
  let searchRestsUntil = 0;
  return {
    side,
    probe: () => (organization === null ? probeServer(org) : probeOrganization(org)),
    names: (list) => listNames(org, list),
    async bodies(list) {
      if (server.clock.now() < searchRestsUntil) return new Map();
      return await searchBodies(org, list, () => {
        searchRestsUntil = server.clock.now() + SEARCH_REST_MS;
      });
    },
    read: (ref) => readObject(org, ref),
    create: (ref, text) => createObject(org, ref, text),
    replace: (ref, text) => replaceObject(org, ref, text),
    remove: (ref) => removeObject(org, ref),
    writeCookbook: (ref, manifest, files) => writeCookbookVersion(org, uploadFiles, ref, manifest, files),
    cookbookFiles: (manifest) => cookbookFilesOf(org, manifest),
    updatedSince: (seq) => readUpdatedSince(org, seq),
    lastTroubleAt: () => server.lastTroubleAt(),
  };
}

async function probeOrganization(org: OrgRequests): Promise<OrgIdentity> {
  const answer = await org.send({ method: 'GET', path: '', accepts: [403] });
  if (answer.status === 403) return await probeAsClient(org, answer);
  const read = organizationAnswer.safeParse(jsonObject(answer));
  if (!read.success) throw unexpected(answer, 'an organization');
  return { guid: read.data.guid };
}

/**
 * The denial has shown that the key is right and the organization there. The ids of clients are given anew to each that is made, and those
 * of an organization go with it. Of a user the denial stays one.
 */
async function probeAsClient(org: OrgRequests, denial: ApiAnswer): Promise<OrgIdentity> {
  if (!denial.text.includes(READ_DENIED)) throw refused(denial);
  const answer = await org.send({ method: 'GET', path: `/principals/${org.server.user}`, accepts: [404] });
  const read = answer.status === 404 ? undefined : principalAnswer.safeParse(jsonObject(answer)).data;
  const all = read === undefined ? [] : 'principals' in read ? read.principals : [read];
  const [signer, ...others] = all.filter(({ org_member }) => org_member);
  if (signer?.type !== 'client' || others.length > 0) throw refused(denial);
  return { guid: identityOfClient(signer.authz_id) };
}

/** A server without organizations has one environment that nobody can delete. */
async function probeServer(org: OrgRequests): Promise<OrgIdentity> {
  const answer = await org.send({ method: 'GET', path: '/environments/_default' });
  if (!environmentAnswer.safeParse(jsonObject(answer)).success) throw unexpected(answer, 'the environment _default');
  return { guid: undefined };
}
