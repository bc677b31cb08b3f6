import * as z from 'zod/mini';
import { ChefRequestError, type RequestFailure } from '../model/chef-request-error.ts';
import type { FeedAnswer, FeedEvent } from '../ports/chef-org.ts';
import { describeBody } from './failures.ts';
import { arrayElements, memberText } from './json-slices.ts';
import { isMissingOrganization, type OrgRequests, refused } from './org-requests.ts';

/** More events than this, some 200,000, come in one answer only from a server whose feed was never read. */
const MAX_FEED_BYTES = 16 * 1024 * 1024;

const feedEvent = z.object({
  /**
   * Text of the JSON value: ids may exceed 2^53, and a server may quote them for that reason. Millions of digits would keep the process
   * busy for minutes, and the id goes into a URL: 100 digits are more than any counter has.
   */
  id: z.string().check(z.regex(/^("\d{1,100}"|\d{1,100})$/)),
  path: z.string().check(z.minLength(1)),
  action: z.enum(['create', 'update', 'delete']),
});

/** Asks the feed of Chef Replication for events with an id greater than `seq`, a decimal. */
export async function readUpdatedSince(org: OrgRequests, seq: string): Promise<FeedAnswer> {
  let answer: Awaited<ReturnType<OrgRequests['send']>>;
  try {
    answer = await org.send({
      method: 'GET',
      path: '/updated_since',
      query: `seq=${seq}`,
      accepts: [404],
      maxBytes: MAX_FEED_BYTES,
    });
  } catch (error) {
    const known = error instanceof ChefRequestError ? knownFailure(error.failure) : undefined;
    if (known === undefined) throw error;
    return known;
  }
  if (answer.isTooLarge) {
    return {
      kind: 'unavailable',
      text: `${answer.status} with more than ${MAX_FEED_BYTES / 1024 / 1024} MB of events`,
    };
  }
  if (answer.status === 404) {
    if (isMissingOrganization(answer)) throw refused(answer);
    return { kind: 'absent', text: `404 with ${describeBody(answer.text)}` };
  }
  const entries = arrayOf(answer.text);
  if (entries === undefined) return { kind: 'absent', text: `${answer.status} with ${describeBody(answer.text)}` };
  const events = entries.map(readEvent).filter((event) => event !== undefined);
  return { kind: 'events', events, skipped: entries.length - events.length };
}

function knownFailure(failure: RequestFailure): FeedAnswer | undefined {
  const { cause, status = 0, text } = failure;
  if (cause === 'time-out' || cause === 'connection') return { kind: 'unavailable', text };
  if (cause !== 'status') return undefined;
  if (status === 401 || status === 403) return { kind: 'refused', status, text };
  return status >= 500 || status === 408 || status === 429 ? { kind: 'unavailable', text } : undefined;
}

/** The texts of the array's elements; undefined when the answer is no JSON array. */
function arrayOf(text: string): readonly string[] | undefined {
  try {
    return Array.isArray(JSON.parse(text)) ? arrayElements(text) : undefined;
  } catch {
    return undefined;
  }
}

function readEvent(entryText: string): FeedEvent | undefined {
  const entry: unknown = JSON.parse(entryText);
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
  const event = feedEvent.safeParse({ ...entry, id: memberText(entryText, 'id') });
  return event.success ? { ...event.data, id: event.data.id.replaceAll('"', '') } : undefined;
}
