import { SyncError } from '../model/sync-error.ts';

/** For every client: the AWS CLI takes AWS_DEFAULT_REGION too, the SDK does not. */
export function regionOfEnvironment(): { readonly region?: string } {
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  return region === undefined ? {} : { region };
}

/** What the services and clients of AWS call credentials that are there and do not work. */
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

/** What keeps every request to AWS from being made, in a sentence with the next step; undefined for a failure of another kind. */
export function signInProblem(error: unknown): SyncError | undefined {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const say = (sentence: string, code: string): SyncError =>
    new SyncError(sentence, { code, scope: 'pair', retry: 'never' }, { cause: error });
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
  return undefined;
}

const LONGEST_TEXT = 300;

/** The words of others, to stand in a sentence of ours. */
export function sentencePart(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.replace(/\.$/, '').slice(0, LONGEST_TEXT);
}
