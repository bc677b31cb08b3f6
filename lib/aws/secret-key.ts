import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SyncError } from '../model/sync-error.ts';
import { sentencePart, signInProblem } from './sign-in-problem.ts';

/** A secret of Secrets Manager that holds a user's private key. */
export interface SecretKey {
  readonly place: string;
  /** `unreadable`: the caller lacks secretsmanager:GetSecretValue. */
  read(): Promise<'empty' | 'unreadable' | { readonly pem: string }>;
  /** Makes the secret when there is none; with `replace` an existing one gets the key as its new value. */
  write(pem: string, mode: 'create' | 'replace'): Promise<void>;
}

/**
 * The secret of this name. Needs secretsmanager:CreateSecret and PutSecretValue on it, and GetSecretValue to look at a key that is there.
 * Every method throws a SyncError with the next step, which never shows the value.
 */
export function secretKey(client: SecretsManagerClient, name: string): SecretKey {
  const place = `the secret ${name}`;
  const create = async (pem: string): Promise<void> => {
    await client.send(
      new CreateSecretCommand({ Name: name, SecretString: pem, Description: "Private key of chef-sync's Chef user" }),
    );
  };
  return {
    place,
    async read() {
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
        return SecretString === undefined || SecretString === '' ? 'empty' : { pem: SecretString };
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return 'empty';
        if (nameOf(error) === 'AccessDeniedException') return 'unreadable';
        throw refuse(name, 'read', error);
      }
    },
    async write(pem, mode) {
      try {
        if (mode === 'create') return await create(pem);
        try {
          await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: pem }));
        } catch (error) {
          if (!(error instanceof ResourceNotFoundException)) throw error;
          await create(pem);
        }
      } catch (error) {
        if (mode === 'create' && error instanceof ResourceExistsException) {
          throw new SyncError(
            `The secret ${name} exists already, and what it holds cannot be seen: allow secretsmanager:GetSecretValue on it, or name another in the configuration.`,
            { code: 'SECRET_EXISTS', scope: 'pair', retry: 'never' },
          );
        }
        throw refuse(name, 'written', error);
      }
    },
  };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

function refuse(name: string, what: 'read' | 'written', error: unknown): SyncError {
  const problem = signInProblem(error);
  if (problem !== undefined) return problem;
  const options = { cause: error };
  if (nameOf(error) === 'AccessDeniedException') {
    return new SyncError(
      `You may not write the secret ${name}: ask for secretsmanager:CreateSecret and secretsmanager:PutSecretValue on this one name, or use another AWS_PROFILE.`,
      { code: 'AWS_FORBIDDEN', scope: 'pair', retry: 'never' },
      options,
    );
  }
  const text = sentencePart(error instanceof Error ? error.message : String(error));
  return new SyncError(
    `The secret ${name} cannot be ${what} (${text}): put that right and run it again.`,
    { code: 'SECRET', scope: 'endpoint', retry: 'later' },
    options,
  );
}
