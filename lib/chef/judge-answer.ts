import { isUtf8 } from 'node:buffer';
import type { Dispatcher } from 'undici';
import type { RequestFailure } from '../model/chef-request-error.ts';
import type { ApiAnswer, ApiRequest } from './api-request.ts';
import type { VersionAgreement } from './api-version.ts';
import { type RequestLabel, statusFailure } from './failures.ts';
import { headerOf } from './http-answer.ts';
import { askedPauseMs } from './retry.ts';

/** Answers larger than this are refused: the list of 100,000 objects has 10 MB, the largest object 2 MB. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** What one try of a request brought. */
export type TryOutcome =
  | { readonly kind: 'answer'; readonly answer: Omit<ApiAnswer, 'wasRetried'> }
  /** The server named the API version it speaks, or the key was replaced: the same request goes out again with that. */
  | { readonly kind: 'renegotiated'; readonly failure: RequestFailure }
  | {
      readonly kind: 'failed';
      readonly failure: RequestFailure;
      readonly askedPauseMs?: number | undefined;
      readonly error?: unknown;
    };

/** An answer as it came, and to what. */
export interface RawAnswer {
  readonly request: ApiRequest;
  readonly label: RequestLabel;
  /** The API version that the request offered. */
  readonly version: number;
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  /** Undefined: there were more than anybody reads. */
  readonly bytes: Buffer | undefined;
  readonly now: number;
}

/** What an answer means for its request. What it says of API versions is noted in `versions`; nothing else is changed. */
export function judgeAnswer(
  { request, label, version, status, headers, bytes, now }: RawAnswer,
  versions: VersionAgreement,
): TryOutcome {
  const isSuccess = status >= 200 && status < 300;
  if (bytes === undefined) {
    if (isSuccess && request.maxBytes !== undefined) {
      return { kind: 'answer', answer: { status, text: '', isTooLarge: true, label } };
    }
    const megabytes = (request.maxBytes ?? MAX_ANSWER_BYTES) / 1024 / 1024;
    const text = `${status} with more than ${megabytes} MB, which is larger than any answer of the API`;
    return { kind: 'failed', failure: { ...label, cause: 'unexpected-answer', status, text } };
  }
  const text = bytes.toString('utf8');
  if (isSuccess || request.accepts?.includes(status) === true) {
    if (!isUtf8(bytes)) {
      const words =
        'the answer is not valid UTF-8 and cannot be copied unchanged; save the object again with valid text';
      return { kind: 'failed', failure: { ...label, cause: 'object', status, text: words } };
    }
    // Only JSON comes from the API itself: an HTML page in front of it says nothing about versions.
    if (isSuccess && /^\s*[[{]/.test(text)) versions.noteAnswer(headerOf(headers, 'x-ops-server-api-version'));
    return { kind: 'answer', answer: { status, text, isTooLarge: false, label } };
  }
  const facts = { date: headerOf(headers, 'date'), location: headerOf(headers, 'location') };
  const failure = statusFailure(label, status, text, facts, now);
  if (status === 406 && versions.noteRefusal(version, text)) return { kind: 'renegotiated', failure };
  return { kind: 'failed', failure, askedPauseMs: askedPauseMs(headerOf(headers, 'retry-after')) };
}
