import * as z from 'zod/mini';
import { globProblem } from '../config/object-glob.ts';
import { MOST_EXTRA_DELETES } from '../model/job.ts';
import { parseObjectPath } from '../model/object-path.ts';
import type { OperatorRequest } from '../model/operator-request.ts';
import { refusal } from '../model/sync-error.ts';
import type { JobOrder } from './inspector.ts';

const pairs = z.array(z.string()).check(z.minLength(1));

const objectPath = z.pipe(
  z.string(),
  z.transform((text, context): `/${string}` => {
    const ref = parseObjectPath(text);
    if (!('unknown' in ref)) return ref.path;
    context.issues.push({ code: 'custom', message: `${ref.unknown} names no object: ${ref.reason}`, input: text });
    return z.NEVER;
  }),
);

const jobShape = z.discriminatedUnion('command', [
  z.strictObject({
    command: z.literal('check'),
    pair: z.string(),
    listsEqual: z.boolean(),
    readsFiles: z.optional(z.boolean()),
  }),
  z.strictObject({ command: z.literal('plan'), pair: z.string() }),
  z.strictObject({ command: z.literal('repair'), pair: z.string() }),
  z.strictObject({
    command: z.literal('delete-extra'),
    pair: z.string(),
    paths: z.array(objectPath).check(z.minLength(1), z.maxLength(MOST_EXTRA_DELETES)),
  }),
  z.strictObject({
    command: z.literal('doctor'),
    names: z.array(z.string()),
    writesProbes: z.optional(z.boolean()),
    measuresLoad: z.optional(z.boolean()),
  }),
]);

const controlShape = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('stop'), pairs }),
  z.strictObject({ command: z.literal('start'), pairs }),
  z.strictObject({ command: z.literal('resync'), pairs }),
  z.strictObject({ command: z.literal('retry'), pairs, paths: z.optional(z.array(objectPath)) }),
  z.strictObject({
    command: z.literal('notify'),
    pairs,
    paths: z.array(objectPath).check(z.minLength(1)),
    action: z.enum(['upsert', 'delete']),
  }),
  z.strictObject({
    command: z.literal('approve-deletes'),
    pair: z.string(),
    plans: z.array(z.string()).check(z.minLength(1)),
  }),
  z.strictObject({ command: z.literal('forget'), pair: z.string() }),
  z.strictObject({
    command: z.literal('start-job'),
    job: z.string().check(z.regex(/^[0-9a-f]{12}$/)),
    request: jobShape,
  }),
  z.strictObject({ command: z.literal('continue-job'), job: z.string() }),
]);

/** What `STACK-control` is asked: an operator request, or what only a home itself can do. */
export type ControlOrder =
  | OperatorRequest
  | { readonly command: 'forget'; readonly pair: string }
  /** Starts a job under this id, 12 hexadecimal digits that nobody used before; its first slice begins soon. Repeated, it does nothing. */
  | { readonly command: 'start-job'; readonly job: string; readonly request: JobOrder }
  /** The next slice begins soon, unless one is under way or nothing is left to do. */
  | { readonly command: 'continue-job'; readonly job: string };

/** Where the page begins that is asked for: `next` of the one before it. */
const after = z.optional(z.string());

const statusShape = z.discriminatedUnion('query', [
  /** All pairs that there are. */
  z.strictObject({ query: z.literal('pairs') }),
  /** How pairs are, all of them when none is named. */
  z.strictObject({ query: z.literal('status'), pairs: z.optional(pairs), after }),
  /** What pairs are doing at this moment. */
  z.strictObject({ query: z.literal('under way'), pairs, after }),
  /** Objects of one pair that are not in sync. */
  z.strictObject({
    query: z.literal('unsynced'),
    pair: z.string(),
    state: z.optional(z.enum(['pending', 'held', 'parked', 'absent'])),
    glob: z.optional(
      z
        .string()
        .check(
          z.refine((glob) => globProblem(glob) === undefined, { error: ({ input }) => globProblem(String(input)) }),
        ),
    ),
    after,
  }),
  /** Log lines of a pair since a time (ms since 1970), or of the functions themselves. */
  z.strictObject({ query: z.literal('log'), pair: z.optional(z.string()), from: z.int(), after }),
  /** How far a job is, and what it found. */
  z.strictObject({ query: z.literal('job'), job: z.string(), after }),
]);

/** What `STACK-status` is asked. It changes nothing. */
export type StatusRequest = z.output<typeof statusShape>;

/** Reads a request to change something. Throws a `SyncError` that says what is wrong with it. */
export const readControlRequest = (input: unknown): ControlOrder => read(controlShape, input);

/** Reads a request to look. An empty event asks how every pair is. */
export function readStatusRequest(input: unknown): StatusRequest {
  const isEmpty = typeof input !== 'object' || input === null || Object.keys(input).length === 0;
  return read(statusShape, isEmpty ? { query: 'status' } : input);
}

function read<Shape extends z.ZodMiniType>(shape: Shape, input: unknown): z.output<Shape> {
  const { data, error } = shape.safeParse(input);
  if (data !== undefined) return data;
  const places = error?.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`) ?? [];
  throw refusal(
    'REQUEST_UNKNOWN',
    `The request is not one that these functions know (${places.join('; ')}): use the chef-sync-ctl of this version.`,
  );
}
