import {
  type InvocationType,
  InvokeCommand,
  type InvokeCommandOutput,
  LambdaClient,
  type LambdaClientConfig,
} from '@aws-sdk/client-lambda';
import { SyncError } from '../model/sync-error.ts';
import { clientSettings } from './client-settings.ts';
import { regionOfEnvironment, sentencePart, signInProblem } from './sign-in-problem.ts';

/** Invokes functions of AWS Lambda and waits for their answers. */
export interface Invoker {
  /**
   * The function's answer as it is, a JSON text. Throws a `SyncError` with the next step when AWS does not let it be invoked, and when it
   * ended with an error; then it may have done its work or a part of it.
   */
  invoke(functionName: string, event: unknown): Promise<string>;
  /** AWS has the event and starts the function soon, probably; waits for nothing more. Throws as `invoke` when it may not. */
  start(functionName: string, event: unknown): Promise<void>;
}

/** Longer than any of the functions may take (5 minutes). */
const ANSWER_TIMEOUT_MS = 310_000;

/** Region and credentials by the usual rules of AWS. Asks nothing yet. */
export function createInvoker(config: LambdaClientConfig = {}, answerTimeoutMs = ANSWER_TIMEOUT_MS): Invoker {
  const client = new LambdaClient({
    ...regionOfEnvironment(),
    ...clientSettings(answerTimeoutMs),
    ...config,
  });
  const send = async (
    functionName: string,
    event: unknown,
    InvocationType: InvocationType,
  ): Promise<InvokeCommandOutput & { readonly place: string }> => {
    let place = functionName;
    try {
      place = `${functionName} in ${await client.config.region()}`;
      const Payload = Buffer.from(JSON.stringify(event));
      return {
        ...(await client.send(new InvokeCommand({ FunctionName: functionName, Payload, InvocationType }))),
        place,
      };
    } catch (error) {
      throw refusal(error, place);
    }
  };
  return {
    async invoke(functionName, event) {
      const { Payload = [], FunctionError, place } = await send(functionName, event, 'RequestResponse');
      const text = Buffer.from(Payload).toString('utf8');
      if (FunctionError !== undefined) throw functionError(text, functionName, place);
      return text;
    },
    start: async (functionName, event) => void (await send(functionName, event, 'Event')),
  };
}

const THROTTLED = new Set(['TooManyRequestsException', 'ThrottlingException', 'EC2ThrottledException']);

function refusal(error: unknown, place: string): SyncError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const say = (sentence: string, code: string, scope: 'pair' | 'endpoint' = 'pair'): SyncError =>
    new SyncError(sentence, { code, scope, retry: scope === 'pair' ? 'never' : 'later' }, { cause: error });
  const problem = signInProblem(error);
  if (problem !== undefined) return problem;
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
