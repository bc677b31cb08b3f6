import { InvokeCommand, type InvokeCommandOutput, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';
import { SyncError } from '../model/sync-error.ts';

/** Invokes functions of AWS Lambda and waits for their answers. */
export interface Invoker {
  /**
   * The function's answer as it is, a JSON text. Throws a `SyncError` with the next step when AWS does not let it be invoked, and when it
   * ended with an error; then it may have done its work or a part of it.
   */
  invoke(functionName: string, event: unknown): Promise<string>;
}

/** Longer than any of the functions may take (5 minutes). */
const ANSWER_TIMEOUT_MS = 310_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Region and credentials by the usual rules of AWS. Asks nothing yet. */
export function createInvoker(config: LambdaClientConfig = {}): Invoker {
  // The AWS CLI takes this variable too, the SDK does not.
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const client = new LambdaClient({
    ...(region !== undefined && { region }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: ANSWER_TIMEOUT_MS },
    ...config,
  });
  return {
    async invoke(functionName, event) {
      let place = functionName;
      let output: InvokeCommandOutput;
      try {
        place = `${functionName} in ${await client.config.region()}`;
        output = await client.send(
          new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }),
        );
      } catch (error) {
        throw refusal(error, place);
      }
      const text = Buffer.from(output.Payload ?? []).toString('utf8');
      if (output.FunctionError !== undefined) throw functionError(text, functionName, place);
      return text;
    },
  };
}

/** What the Lambda service and the clients of AWS call the failures that have a next step of their own. */
const SIGN_IN_AGAIN = new Set([
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const THROTTLED = new Set(['TooManyRequestsException', 'ThrottlingException', 'EC2ThrottledException']);

function refusal(error: unknown, place: string): SyncError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const say = (sentence: string, code: string, scope: 'pair' | 'endpoint' = 'pair'): SyncError =>
    new SyncError(sentence, { code, scope, retry: scope === 'pair' ? 'never' : 'later' }, { cause: error });
  if (message === 'Region is missing') {
    return say('There is no AWS region: set AWS_REGION, or a region in your AWS profile.', 'AWS_REGION_MISSING');
  }
  if (NO_CREDENTIALS.has(name)) {
    return say(
      `There are no AWS credentials (${sentencePart(message)}): sign in with "aws sso login" or "aws configure", or set AWS_PROFILE.`,
      'AWS_CREDENTIALS_MISSING',
    );
  }
  if (SIGN_IN_AGAIN.has(name)) {
    return say(
      `AWS does not accept the credentials (${name}): sign in again, and look at the clock of this machine.`,
      'AWS_CREDENTIALS_REFUSED',
    );
  }
  if (name === 'AccessDeniedException') {
    return say(
      `You may not invoke the function ${place}: ask for the permission lambda:InvokeFunction on it, or use another AWS_PROFILE.`,
      'AWS_FORBIDDEN',
    );
  }
  if (name === 'ResourceNotFoundException') {
    return say(
      `There is no function ${place}: correct the name of the stack (--stack) or the region (AWS_REGION).`,
      'FUNCTION_UNKNOWN',
    );
  }
  if (THROTTLED.has(name)) {
    return say(
      `AWS throttles the function ${place}: try again in a minute, and see "functions are throttled" in docs/runbook.md if it stays so.`,
      'AWS_THROTTLED',
      'endpoint',
    );
  }
  const text = name === 'Error' ? sentencePart(message) : `${name}: ${sentencePart(message)}`;
  return say(
    `The function ${place} cannot be reached (${text}): try again, and look at the network of this machine if it stays so.`,
    'AWS_UNREACHABLE',
    'endpoint',
  );
}

/** Lambda's own description of an error: its kind and its words. */
function functionError(text: string, functionName: string, place: string): SyncError {
  const { errorType = 'an error', errorMessage = '' } = errorOf(text);
  return new SyncError(
    `The function ${place} failed (${errorType}: ${sentencePart(errorMessage)}): its log group /aws/lambda/${functionName} says more.`,
    { code: 'FUNCTION_FAILED', scope: 'endpoint', retry: 'later' },
  );
}

function errorOf(text: string): { readonly errorType?: string; readonly errorMessage?: string } {
  try {
    const { errorType, errorMessage } = JSON.parse(text);
    return { errorType: String(errorType), errorMessage: String(errorMessage) };
  } catch {
    return { errorMessage: text };
  }
}

const LONGEST_TEXT = 300;

/** The words of others, to stand in a sentence of ours. */
function sentencePart(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.replace(/\.$/, '').slice(0, LONGEST_TEXT);
}
