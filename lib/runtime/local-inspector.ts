import { existsSync, readFileSync } from 'node:fs';
import { createChefOrg } from '../chef/chef-org.ts';
import { readSigningKey } from '../chef/sign-request.ts';
import type { Config } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { runningDaemon } from '../local/claim-daemon.ts';
import { fingerprintSecret } from '../local/fingerprint-secret.ts';
import { createSqliteLedger } from '../local/sqlite-ledger.ts';
import { createSqlitePairState } from '../local/sqlite-pair-state.ts';
import { openStateFileForSteering } from '../local/sqlite-state-file.ts';
import { isJobOver, type JobLine, type JobRequest, startJob } from '../model/job.ts';
import type { ObjectPath } from '../model/object-path.ts';
import { pairKey } from '../plan/fingerprint.ts';
import { type DifferingValue, differingValues } from '../plan/normalised-form.ts';
import { noFilesChecked } from '../sync/check-files.ts';
import type { ExamineServer } from '../sync/examine-servers.ts';
import { type InspectedPair, workJob } from '../sync/work-job.ts';
import { keyFile, openChefServers } from './chef-servers.ts';
import { doctorRequest } from './doctor-targets.ts';
import { examineServer, type ServerToExamine } from './examine-server.ts';
import { finishedJob, type Inspector } from './inspector.ts';
import { pairRules } from './pair-rules.ts';
import { systemClock } from './system-clock.ts';

/** A slice of this length is far too short to lose, and long enough that reading the lists again for the next one costs nothing. */
const SLICE_MS = 60_000;

/**
 * Makes ready to look into these pairs: reads their keys, asks no server yet. The state file is used when there is one, and never made. Throws
 * a `SyncError` or `ConfigError` with a sentence for the operator.
 */
export function openLocalInspector({ statePath }: Config, pairs: readonly OrganizationPair[]): Inspector {
  const file = existsSync(statePath) ? openStateFileForSteering(statePath) : undefined;
  const servers = openChefServers(pairs, systemClock);

  const inspected = async (name: string): Promise<InspectedPair> => {
    const pair = pairs.find((one) => one.name === name);
    if (pair === undefined) throw new Error(`${name} is none of the pairs that were chosen`);
    const rules = pairRules(pair.settings);
    return {
      rules,
      primary: createChefOrg({ server: servers.of(pair.primary), organization: pair.source, side: 'primary' }),
      replica: createChefOrg({ server: servers.of(pair.replica), organization: pair.destination, side: 'replica' }),
      known: file && {
        pair: name,
        rules,
        ledger: createSqliteLedger(file, name),
        state: createSqlitePairState(file, name),
        clock: systemClock,
        fingerprintKey: pairKey(fingerprintSecret(statePath), name),
      },
    };
  };

  const examine: ExamineServer = async (target, how) => {
    const settings =
      target.server === 'primary'
        ? pairs[0]?.primary
        : pairs.find(({ replicaName }) => replicaName === target.server)?.replica;
    if (settings === undefined) throw new Error(`${target.server} is no server of the pairs that were chosen`);
    const { url, user, ca, signingVersion, skipsTlsVerification, requestsInFlight } = settings;
    const server: ServerToExamine = {
      side: target.server === 'primary' ? 'primary' : 'replica',
      url,
      key: async () => readSigningKey(user, readFileSync(keyFile(settings), 'utf8'), signingVersion),
      ca: ca === undefined ? undefined : readFileSync(ca, 'utf8'),
      isCertificateUnchecked: skipsTlsVerification,
      requestsInFlight,
    };
    return await examineServer(server, target, how, systemClock);
  };

  return {
    async finish(order, { onCount, keepsValues = false, signal } = {}) {
      const lines: JobLine[] = [];
      const values = new Map<ObjectPath, readonly DifferingValue[]>();
      let count = 0;
      const checkedFiles = noFilesChecked();
      const request: JobRequest = order.command === 'doctor' ? doctorRequest(pairs, order) : order;
      let job = startJob(request, systemClock.now());
      while (!isJobOver(job)) {
        signal?.throwIfAborted();
        const slice = await workJob(
          {
            clock: systemClock,
            pair: inspected,
            examine,
            checkedFiles,
            onObject: (found) => {
              count += 1;
              onCount?.(count);
              if (!keepsValues || found?.ref === undefined || found.texts === undefined || found.line.sign !== '*')
                return;
              const { primary, replica } = found.texts;
              values.set(found.ref.path, differingValues(found.ref.kind, primary, replica));
            },
          },
          job,
          // Of a doctor's round each server is a slice.
          order.command === 'doctor' ? 0 : systemClock.now() + SLICE_MS,
        );
        job = slice.job;
        lines.push(...slice.lines);
      }
      return finishedJob(job, lines, values);
    },
    isPolled: (pair) => file !== undefined && runningDaemon(file)?.pairs.includes(pair) === true,
    async close() {
      await servers.close();
      file?.close();
    },
  };
}
