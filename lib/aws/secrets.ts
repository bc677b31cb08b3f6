import {
  DecryptionFailure,
  GetSecretValueCommand,
  InvalidRequestException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import { sentencePart } from './sign-in-problem.ts';

/** A server that refuses every signature must not cost a reading of the secret for each request. */
const LEAST_AGE_MS = 60_000;

/** Secrets by name or ARN. Values stay in memory, are read again only by `readNow` and `renew`, and are in no error. */
export interface Secrets {
  /** Throws a `SyncError` with the next step when there is no such secret, no text in it, or it may not be read or decrypted. */
  read(name: string): Promise<string>;
  /** As `read`, and always what the secret holds now. */
  readNow(name: string): Promise<string>;
  /** Reads the secret again, unless it was read within the last minute. Undefined: its value is the same as before. */
  renew(name: string): Promise<string | undefined>;
}

/** Secrets of Secrets Manager, each read when it is first needed. */
export function createSecrets(client: SecretsManagerClient, clock: Pick<Clock, 'now'>): Secrets {
  const known = new Map<string, { readonly value: Promise<string>; readonly at: number }>();

  const fetch = (name: string): Promise<string> => {
    const value = fetchSecret(client, name);
    known.set(name, { value, at: clock.now() });
    // What failed is asked again by the next who needs it.
    value.catch(() => known.delete(name));
    return value;
  };

  return {
    read: (name) => known.get(name)?.value ?? fetch(name),
    readNow: fetch,
    async renew(name) {
      const before = known.get(name);
      if (before !== undefined && clock.now() - before.at < LEAST_AGE_MS) return undefined;
      const [was, is] = [await before?.value, await fetch(name)];
      return was === is ? undefined : is;
    },
  };
}

async function fetchSecret(client: SecretsManagerClient, name: string): Promise<string> {
  let text: string | undefined;
  try {
    text = (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
  } catch (error) {
    throw explained(name, error) ?? error;
  }
  if (text === undefined || text === '') throw missing(name, 'holds no text');
  return text;
}

/** What keeps a secret from being read, with the next step; undefined for a failure of another kind. */
function explained(name: string, error: unknown): SyncError | undefined {
  if (error instanceof ResourceNotFoundException) return missing(name, 'does not exist or has no value', error);
  const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
  const isDenied = kind === 'AccessDeniedException';
  if (error instanceof DecryptionFailure || (isDenied && /access to KMS/i.test(message))) {
    return unreadable(
      `The secret ${name} in Secrets Manager is encrypted with a KMS key that the functions may not use: encrypt it with the key that \`aws.kmsKeyArn\` names or with the one of AWS (\`aws secretsmanager update-secret --secret-id ${name} --kms-key-id KEY\`).`,
      error,
    );
  }
  // Rights are looked at first: to a role that may read `NAME-??????` what does not exist has an ARN without the six characters.
  if (isDenied) return missing(name, 'does not exist, or the functions may not read it', error);
  if (error instanceof InvalidRequestException) {
    return unreadable(
      `The secret ${name} in Secrets Manager cannot be read (${sentencePart(message)}): bring it back with \`aws secretsmanager restore-secret --secret-id ${name}\`.`,
      error,
    );
  }
  return undefined;
}

const missing = (name: string, problem: string, cause?: unknown): SyncError =>
  unreadable(
    `The secret ${name} in Secrets Manager ${problem}: put the value there, for a Chef user's key with \`aws secretsmanager create-secret --name ${name} --secret-string file://KEY.pem\` (or put-secret-value --secret-id ${name}).`,
    cause,
  );

const unreadable = (sentence: string, cause: unknown): SyncError =>
  new SyncError(sentence, { code: 'SECRET_MISSING', scope: 'endpoint', retry: 'later' }, { cause });
