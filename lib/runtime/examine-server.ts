import { createBareRequests } from '../chef/bare-requests.ts';
import { createChefOrg } from '../chef/chef-org.ts';
import { createChefServer } from '../chef/chef-server.ts';
import { examineOrganization } from '../chef/examine-organization.ts';
import { examineTransport } from '../chef/examine-transport.ts';
import { createRequestLimiters } from '../chef/request-limiter.ts';
import type { SigningKey } from '../chef/sign-request.ts';
import type { DoctorTarget, Finding } from '../model/job.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import { diagnoseOrganization, diagnoseServer } from '../plan/diagnose.ts';
import type { Clock } from '../ports/clock.ts';

/** A server of the configuration, and how its key is come by. */
export interface ServerToExamine {
  readonly side: Side;
  readonly url: string;
  /** Rejects with a `SyncError` when it is missing or unusable. */
  readonly key: () => Promise<SigningKey>;
  /** PEM of its private CA. */
  readonly ca?: string | undefined;
  readonly isCertificateUnchecked: boolean;
  /** By configuration; more are never in flight. */
  readonly requestsInFlight: number;
}

/** What is wrong with a server and with its organizations, and what is right. The same in every home: only keys come from elsewhere. */
export async function examineServer(
  server: ServerToExamine,
  { server: name, organizations }: DoctorTarget,
  how: { readonly writesProbes?: boolean; readonly measuresLoad?: boolean },
  clock: Clock,
): Promise<readonly Finding[]> {
  const { side, url, ca, isCertificateUnchecked, requestsInFlight } = server;
  const transport = await examineTransport({ side, url, ca, isCertificateUnchecked }, clock.now);
  const findings: Finding[] = diagnoseServer(transport, clock.now()).map((found) => ({ server: name, ...found }));
  if (findings.some(({ verdict }) => verdict === 'failure')) return findings;
  let key: SigningKey;
  try {
    key = await server.key();
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return [...findings, { server: name, check: 'key', verdict: 'failure', text: error.message }];
  }
  const bare = createBareRequests({ side, url, key, ca, isCertificateUnchecked, now: clock.now });
  const limiters = createRequestLimiters(clock, new Map([[new URL(url).origin, requestsInFlight]]));
  const client = createChefServer({ url, key, ca, isCertificateUnchecked, limiters, clock });
  try {
    for (const { name: organization, lists } of organizations) {
      const facts = await examineOrganization({
        side,
        organization,
        key,
        lists,
        bare,
        org: createChefOrg({ server: client, organization, side }),
        clock,
        writesProbes: how.writesProbes === true,
        mostInFlight: how.measuresLoad === true ? requestsInFlight : undefined,
      });
      findings.push(...diagnoseOrganization(facts).map((found) => ({ server: name, organization, ...found })));
    }
  } finally {
    await Promise.all([bare.close(), client.close()]);
  }
  return findings;
}
