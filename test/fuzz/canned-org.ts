import { generateKeyPairSync } from 'node:crypto';
import { createChefServer } from '../../lib/chef/chef-server.ts';
import type { OrgRequests } from '../../lib/chef/org-requests.ts';
import { createRequestLimiters } from '../../lib/chef/request-limiter.ts';
import { readSigningKey } from '../../lib/chef/sign-request.ts';
import { hastyClock } from '../contract/connect-chef-org.ts';

const keyPem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });

/** Never asked: nothing listens there. */
const server = createChefServer({
  url: 'http://127.0.0.1:9',
  key: readSigningKey('sync', keyPem.toString()),
  limiters: createRequestLimiters(hastyClock),
  clock: hastyClock,
  environment: {},
});

/** An answer to one request that the client has already read and found to be a 2xx or an accepted status. */
export interface CannedAnswer {
  readonly status: number;
  readonly text: string;
}

/** More requests for one thing than any of them needs. */
const MOST_REQUESTS = 1_000;

/** An organization whose server gives these answers in turn, the last one for ever. No network. */
export function cannedOrg(...answers: readonly CannedAnswer[]): OrgRequests {
  let asked = 0;
  return {
    side: 'primary',
    server,
    async send({ method, path }) {
      asked += 1;
      if (asked > MOST_REQUESTS) throw new Error(`asked more than ${MOST_REQUESTS} times`);
      const { status, text } = answers[asked - 1] ?? answers.at(-1) ?? { status: 200, text: '{}' };
      const label = { side: 'primary', request: `${method} ${path}` } as const;
      return { status, text, isTooLarge: false, wasRetried: false, label };
    },
  };
}
