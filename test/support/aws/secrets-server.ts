import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { type CallListener, callerOf, localArn, textOf, urlOf } from './local-aws.ts';

/** As much of Secrets Manager as the functions use, on a free port of 127.0.0.1. */
export interface SecretsServer {
  readonly url: string;
  put(name: string, text: string): void;
  /** How often secrets were read. */
  reads(): number;
  stop(): void;
}

/** Secrets Manager adds six characters of its own to the name in every ARN. */
export const secretArn = (name: string): string => localArn('secretsmanager', `secret:${name}-AbCdEf`);

/** Starts a server that answers GetSecretValue (AWS JSON 1.1) for secrets that were put. */
export async function startSecretsServer(onCall?: CallListener): Promise<SecretsServer> {
  const secrets = new Map<string, string>();
  let reads = 0;
  const server = createServer(async (request, response) => {
    const body: unknown = await json(request);
    const name = textOf(body, 'SecretId');
    const action = String(request.headers['x-amz-target']).split('.')[1];
    const value = action === 'GetSecretValue' ? secrets.get(name) : undefined;
    reads += 1;
    onCall?.({
      caller: callerOf(request.headers.authorization),
      action: `secretsmanager:${action}`,
      resource: name.startsWith('arn:') ? name : secretArn(name),
    });
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.statusCode = value === undefined ? 400 : 200;
    response.end(
      JSON.stringify(
        value === undefined
          ? { __type: 'ResourceNotFoundException', Message: "Secrets Manager can't find the specified secret." }
          : { Name: name, SecretString: value },
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf(server),
    put: (name, text) => void secrets.set(name, text),
    reads: () => reads,
    stop: () => void server.close(),
  };
}
