import * as z from 'zod/mini';
import type { Side } from '../model/side.ts';
import type { ChefOrg, OrgIdentity } from '../ports/chef-org.ts';
import type { ChefServer } from './chef-server.ts';
import { cookbookFilesOf } from './cookbook-files.ts';
import { listNames, searchBodies } from './inventory.ts';
import { createObject, readObject, removeObject, replaceObject } from './json-objects.ts';
import { createOrgRequests, jsonObject, type OrgRequests, unexpected } from './org-requests.ts';
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
  const answer = await org.send({ method: 'GET', path: '' });
  const read = organizationAnswer.safeParse(jsonObject(answer));
  if (!read.success) throw unexpected(answer, 'an organization');
  return { guid: read.data.guid };
}

/** A server without organizations has one environment that nobody can delete. */
async function probeServer(org: OrgRequests): Promise<OrgIdentity> {
  const answer = await org.send({ method: 'GET', path: '/environments/_default' });
  if (!environmentAnswer.safeParse(jsonObject(answer)).success) throw unexpected(answer, 'the environment _default');
  return { guid: undefined };
}
