import { z } from 'zod';
import type { Side } from '../model/side.ts';
import type { ChefServer } from './chef-server.ts';
import { createOrgRequests, isMissingObject, jsonObject, refused } from './org-requests.ts';
import { type Denied, denied } from './user-accounts.ts';

/** A request that the server denied. */
export interface DeniedRequest extends Denied {
  /** `read roles`, `make a data bag`. */
  readonly what: string;
}

/** Tries what a synchronizing user must be able to do in an organization. */
export interface AccessCheck {
  /** Lists every kind of object. */
  read(): Promise<'allowed' | DeniedRequest>;
  /** Makes a data bag and deletes it again; one that an earlier try left behind is deleted too. Never touches a bag with items. */
  write(): Promise<'allowed' | DeniedRequest>;
}

/** Where each kind is listed, and how it is called in a sentence. */
const LISTS = [
  ['/cookbooks', 'cookbooks'],
  ['/data', 'data bags'],
  ['/roles', 'roles'],
  ['/environments', 'environments'],
] as const;

const PROBE = 'chef-sync-probe';

const noItems = z.strictObject({});

/** The check of an organization, or of a server without (`organization: null`), as the user of `server`. */
export function createAccessCheck(server: ChefServer, organization: string | null, side: Side): AccessCheck {
  const org = createOrgRequests(server, organization, side);
  return {
    async read() {
      for (const [path, kind] of LISTS) {
        const answer = await org.send({ method: 'GET', path, accepts: [403] });
        if (answer.status === 403) return { ...denied(answer), what: `read ${kind}` };
        jsonObject(answer);
      }
      return 'allowed';
    },
    async write() {
      const path = `/data/${PROBE}`;
      const body = JSON.stringify({ name: PROBE });
      const made = await org.send({ method: 'POST', path: '/data', body, accepts: [403, 409] });
      if (made.status === 403) return { ...denied(made), what: 'make a data bag' };
      if (made.status === 409) {
        const left = await org.send({ method: 'GET', path });
        if (!noItems.safeParse(jsonObject(left)).success) {
          return { denied: 'somebody put items into it', what: `delete the data bag ${PROBE}` };
        }
      }
      const removed = await org.send({ method: 'DELETE', path, accepts: [403, 404] });
      if (removed.status === 403) return { ...denied(removed), what: `delete the data bag ${PROBE} again` };
      // Another check may have been quicker.
      if (removed.status === 404 && !isMissingObject(removed)) throw refused(removed);
      return 'allowed';
    },
  };
}
