import * as z from 'zod/mini';
import { parseObjectPath } from '../model/object-path.ts';
import type { OperatorRequest } from '../model/operator-request.ts';
import { SyncError } from '../model/sync-error.ts';

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

const requestShape = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('stop'), pairs }),
  z.strictObject({ command: z.literal('start'), pairs }),
  z.strictObject({ command: z.literal('resync'), pairs }),
  z.strictObject({ command: z.literal('retry'), pairs, paths: z.optional(z.array(objectPath)) }),
  z.strictObject({ command: z.literal('approve-deletes'), pair: z.string(), plan: z.string() }),
]);

const statusShape = z.strictObject({ pairs: z.optional(z.array(z.string())), unsynced: z.optional(z.boolean()) });

/** What status is asked: all pairs unless some are named, and with `unsynced` their objects that are not in sync. */
export type StatusRequest = z.output<typeof statusShape>;

/** Reads a request to change something. Throws a `SyncError` that says what is wrong with it. */
export const readOperatorRequest = (input: unknown): OperatorRequest => read(requestShape, input);

/** Reads a request to look. An empty event asks for every pair. */
export const readStatusRequest = (input: unknown): StatusRequest => read(statusShape, input ?? {});

function read<Shape extends z.ZodMiniType>(shape: Shape, input: unknown): z.output<Shape> {
  const { data, error } = shape.safeParse(input);
  if (data !== undefined) return data;
  const places = error?.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`) ?? [];
  throw new SyncError(
    `The request is not one that these functions know (${places.join('; ')}): use the chef-sync-ctl of this version.`,
    {
      code: 'REQUEST_UNKNOWN',
      scope: 'pair',
      retry: 'never',
    },
  );
}
