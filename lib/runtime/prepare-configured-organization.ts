import { readFileSync } from 'node:fs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretKey } from '../aws/secret-key.ts';
import { regionOfEnvironment } from '../aws/sign-in-problem.ts';
import { createAccessCheck } from '../chef/access-check.ts';
import { type ChefServer, createChefServer } from '../chef/chef-server.ts';
import { createFlatUserAccounts } from '../chef/flat-user-accounts.ts';
import { createKeyPair, keyPairOf } from '../chef/key-pair.ts';
import { createOrganizationMembers } from '../chef/organization-members.ts';
import {
  type PreparedOrganization,
  type PreparedStep,
  prepareOrganization,
  type ServerAccess,
} from '../chef/prepare-organization.ts';
import type { KeyStore } from '../chef/prepare-user-key.ts';
import { createRequestLimiters } from '../chef/request-limiter.ts';
import { readSigningKey } from '../chef/sign-request.ts';
import { createUserAccounts } from '../chef/user-accounts.ts';
import type { KeyPlace } from '../config/organization-pair.ts';
import type { ConfiguredOrganization } from '../config/select-organization.ts';
import { keyFile } from '../local/key-file.ts';
import { refusal, type SyncError } from '../model/sync-error.ts';
import { systemClock } from './system-clock.ts';

export type { PreparedOrganization, PreparedStep } from '../chef/prepare-organization.ts';

/** Who prepares, and how. */
export interface PreparationOptions {
  readonly adminUser: string;
  /** The file of the admin's private key. It is read and used to sign, nothing else. */
  readonly adminKeyFile: string;
  readonly isReader: boolean;
  readonly isRotation: boolean;
  readonly onStep: (step: PreparedStep) => void;
}

/** As `prepareOrganization`, for an organization of the configuration; the key is kept where that says. */
export async function prepareConfiguredOrganization(
  { server: settings, serverName, side, organization }: ConfiguredOrganization,
  { adminUser, adminKeyFile, ...options }: PreparationOptions,
): Promise<PreparedOrganization> {
  const limiters = createRequestLimiters(
    systemClock,
    new Map([[new URL(settings.url).origin, settings.requestsInFlight]]),
  );
  const ca = settings.ca === undefined ? undefined : readFileSync(settings.ca, 'utf8');
  const opened: ChefServer[] = [];
  const as = (user: string, pem: string): ServerAccess => {
    const server = createChefServer({
      url: settings.url,
      key: readSigningKey(user, pem, settings.signingVersion),
      ca,
      isCertificateUnchecked: settings.skipsTlsVerification,
      limiters,
      clock: systemClock,
    });
    opened.push(server);
    const check = createAccessCheck(server, organization, side);
    return organization === null
      ? { check, users: createFlatUserAccounts(server, side), members: null }
      : {
          check,
          users: createUserAccounts(server, side),
          members: createOrganizationMembers(server, organization, side),
        };
  };
  try {
    return await prepareOrganization({
      server: side === 'primary' ? 'the primary' : `the replica ${serverName}`,
      side,
      organization,
      user: settings.user,
      admin: as(adminUser, readAdminKey(adminKeyFile)),
      asUser: (pem) => as(settings.user, pem),
      store: keyStore(settings.key),
      createKeyPair,
      ...options,
    });
  } finally {
    await Promise.all(opened.map((server) => server.close()));
  }
}

function keyStore(place: KeyPlace): KeyStore {
  return 'file' in place
    ? keyFile(place.file)
    : secretKey(new SecretsManagerClient(regionOfEnvironment()), place.secret);
}

function readAdminKey(file: string): string {
  const refuse = (what: string): SyncError => refusal('ADMIN_KEY', `The admin's key file ${file} ${what}.`);
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw refuse(`cannot be read (${code}): correct --admin-key, or the file's permissions`);
  }
  if (keyPairOf(pem) === undefined) {
    throw refuse('holds no private RSA key in PEM form: name the file that chef-server-ctl user-create wrote');
  }
  return pem;
}
