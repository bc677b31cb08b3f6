import * as z from 'zod/mini';
import { refusal, SyncError } from '../model/sync-error.ts';

/**
 * Version of what `chef-sync-ctl` and the functions of a stack say to each other: grows when something is renamed, removed or means
 * something else, not when something is added.
 */
const PROTOCOL = 1;

/** A part of an answer. Lambda hands over no more than 6 MB, so long answers come in several. */
export interface Page<Answer> {
  readonly answer: Answer;
  /** What to ask for the next page with; undefined at the end. */
  readonly next?: string;
}

/**
 * What a function answers an operator. A refusal is an answer too: that somebody has mistyped a pair is no error of the function, which
 * would ring an alarm.
 */
export type OperatorEnvelope<Answer> =
  | (Page<Answer> & { readonly protocol: number })
  | { readonly protocol: number; readonly refused: Refusal };

/** A `SyncError` on its way. */
export type Refusal = Pick<SyncError, 'message' | 'code' | 'scope' | 'retry' | 'side'>;

/** Does the work and wraps its page, or the `SyncError` that it threw. Whatever else it throws is an error of the function. */
export async function enveloped<Answer>(work: () => Promise<Page<Answer>>): Promise<OperatorEnvelope<Answer>> {
  try {
    return { protocol: PROTOCOL, ...(await work()) };
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    const { message, code, scope, retry, side } = error;
    return { protocol: PROTOCOL, refused: { message, code, scope, retry, side } };
  }
}

const envelopeShape = z.object({
  protocol: z.literal(PROTOCOL),
  next: z.optional(z.string()),
  refused: z.optional(
    z.object({
      message: z.string(),
      code: z.string(),
      scope: z.enum(['object', 'endpoint', 'pair']),
      retry: z.enum(['now', 'later', 'never']),
      side: z.optional(z.enum(['primary', 'replica'])),
    }),
  ),
});

/**
 * Takes the page out of a function's answer, and throws the refusal that is in the place of it. What `answer` holds is not checked again:
 * it was written by a function of the same protocol. Throws a `SyncError` when the stack speaks another one.
 */
export function openEnvelope<Answer>(text: string, functionName: string): Page<Answer> {
  const content = JSON.parse(text === '' ? 'null' : text);
  const { data } = envelopeShape.safeParse(content);
  if (data === undefined) {
    throw refusal(
      'PROTOCOL_UNKNOWN',
      `The function ${functionName} does not answer as this chef-sync-ctl expects it: use the version that deployed the stack, or deploy it again with this one.`,
    );
  }
  if (data.refused !== undefined) {
    const { message, ...facts } = data.refused;
    throw new SyncError(message, facts);
  }
  return { answer: content.answer, next: data.next };
}
