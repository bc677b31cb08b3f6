import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { type CallListener, callerOf, localArn, textOf, urlOf } from './local-aws.ts';

/** As much of Secrets Manager as this project uses, on a free port of 127.0.0.1. */
export interface SecretsServer {
  readonly url: string;
  put(name: string, text: string): void;
  remove(name: string): void;
  /** The value of a secret; undefined when there is none. */
  get(name: string): string | undefined;
  /** From now on these operations (`GetSecretValue`) are answered AccessDeniedException. */
  deny(...operations: readonly string[]): void;
  /**
   * From now on reading what is missing is answered AccessDeniedException, as to a function's role: rights are looked at first, and the ARN
   * of what does not exist lacks the six characters that the role's policy asks for.
   */
  hideMissing(): void;
  /** From now on reading the secret is answered with this error. */
  refuse(name: string, type: string, message: string): void;
  /** How often it was asked. */
  reads(): number;
  stop(): void;
}

/** Secrets Manager adds six characters of its own to the name in every ARN. */
export const secretArn = (name: string): string => localArn('secretsmanager', `secret:${name}-AbCdEf`);

/** Starts a server that answers GetSecretValue, CreateSecret and PutSecretValue (AWS JSON 1.1). */
export async function startSecretsServer(onCall?: CallListener): Promise<SecretsServer> {
  const secrets = new Map<string, string>();
  const denied = new Set<string>();
  const refused = new Map<string, object>();
  let hidesMissing = false;
  let reads = 0;

  const answer = (operation: string, name: string, text: string): object => {
    if (denied.has(operation)) return refusal('AccessDeniedException', `not authorized: secretsmanager:${operation}`);
    const isThere = secrets.has(name);
    const own = refused.get(name);
    if (operation === 'GetSecretValue' && own !== undefined) return own;
    if (operation === 'GetSecretValue' && hidesMissing && !isThere) {
      const sentence = `User: role is not authorized to perform: secretsmanager:GetSecretValue on resource: ${name} because no identity-based policy allows the secretsmanager:GetSecretValue action`;
      return refusal('AccessDeniedException', sentence);
    }
    if (operation === 'CreateSecret') {
      if (isThere) return refusal('ResourceExistsException', `The operation failed because ${name} already exists.`);
      secrets.set(name, text);
      return { Name: name };
    }
    if (!isThere) return refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    if (operation === 'PutSecretValue') secrets.set(name, text);
    return operation === 'GetSecretValue' ? { Name: name, SecretString: secrets.get(name) } : { Name: name };
  };

  const server = createServer(async (request, response) => {
    const body: unknown = await json(request);
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const name = textOf(body, operation === 'CreateSecret' ? 'Name' : 'SecretId');
    reads += 1;
    onCall?.({
      caller: callerOf(request.headers.authorization),
      action: `secretsmanager:${operation}`,
      resource: name.startsWith('arn:') ? name : secretArn(name),
    });
    const result = answer(operation, name, textOf(body, 'SecretString'));
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.statusCode = '__type' in result ? 400 : 200;
    response.end(JSON.stringify(result));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf(server),
    put: (name, text) => void secrets.set(name, text),
    remove: (name) => void secrets.delete(name),
    get: (name) => secrets.get(name),
    deny: (...operations) => {
      for (const operation of operations) denied.add(operation);
    },
    hideMissing: () => {
      hidesMissing = true;
    },
    refuse: (name, type, message) => void refused.set(name, refusal(type, message)),
    reads: () => reads,
    stop: () => void server.close(),
  };
}

const refusal = (type: string, message: string): object => ({ __type: type, Message: message });
