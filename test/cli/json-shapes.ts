import * as z from 'zod';

/** What `docs/json-output.md` describes: strict, so that a field that nobody described is found. */

const instant = z.iso.datetime();
const count = z.int().min(0);
const side = z.enum(['primary', 'replica']);

const envelope = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject({ version: z.literal(1), at: instant, exitCode: count, ...shape });
const pairsOf = <Shape extends z.ZodRawShape>(shape: Shape) => envelope({ pairs: z.array(z.strictObject(shape)) });
/** Of pairs that are read: what was found, or why nothing was. */
const readPairsOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  envelope({
    pairs: z.array(z.union([z.strictObject(shape), z.strictObject({ pair: z.string(), problem: z.string() })])),
  });

const reading = z.strictObject({ namesAt: instant.optional(), contentsAt: instant.optional() });

const status = {
  pair: z.string(),
  condition: z.string(),
  text: z.string(),
  lagSeconds: z.number().min(0),
  counts: z.strictObject({
    total: count,
    pendingUpserts: count,
    pendingDeletes: count,
    stages: z.strictObject({ content: count, definitions: count, pointers: count, deletes: count }),
    failing: count,
    parked: count,
    held: count,
    absent: count,
    onlyOnReplica: count,
  }),
  readings: z.strictObject({ primary: reading, replica: reading }),
  feed: z.strictObject({ status: z.string(), note: z.string().optional() }).optional(),
  waiting: z.strictObject({ side, code: z.string(), reason: z.string(), since: instant, until: instant }).optional(),
  plans: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      at: instant,
      reason: z.string(),
      count,
      samples: z.array(z.string()),
    }),
  ),
  unread: z.array(z.strictObject({ side, list: z.string(), reason: z.string() })),
  unknownPaths: z.array(z.string()),
  epoch: count.optional(),
  lastPoll: z
    .strictObject({
      startedAt: instant,
      endedAt: instant,
      isComplete: z.boolean(),
      problem: z.string().optional(),
      deletesWait: z.string().optional(),
    })
    .optional(),
  nextPollAt: instant.optional(),
};

const unsynced = z.strictObject({
  path: z.string(),
  action: z.enum(['upsert', 'delete']),
  state: z.enum(['pending', 'parked', 'held', 'absent']),
  since: instant.optional(),
  attempts: count,
  nextAttemptAt: instant.optional(),
  reason: z.string(),
});

const once = {
  ...status,
  poll: z.strictObject({ outcome: z.string(), problem: z.string().optional() }),
  unsyncedCount: count,
  unsynced: z.array(unsynced),
};

const comparison = {
  pair: z.string(),
  counts: z.strictObject({
    equal: count,
    onlyOnPrimary: count,
    onlyOnReplica: count,
    different: count,
    unreadable: count,
  }),
  objects: z.array(
    z.strictObject({
      sign: z.enum(['=', '+', '-', '*', '!']),
      path: z.string(),
      fields: z.array(z.string()).optional(),
      reason: z.string().optional(),
      values: z.array(z.strictObject({ field: z.string(), primary: z.unknown(), replica: z.unknown() })).optional(),
    }),
  ),
};

const steered = pairsOf({
  pair: z.string(),
  text: z.string(),
  objects: count.optional(),
  underWay: z.strictObject({ isPolling: z.boolean(), copies: count }).optional(),
});

const planned = z.strictObject({ upsert: count, delete: count, leave: count });

/** The shape of each command's `--json`, by the heading that describes it. */
export const JSON_SHAPES = {
  'sync-status': pairsOf(status),
  'run --once': pairsOf(once),
  'unsynced-objects': pairsOf({ pair: z.string(), unsynced: z.array(unsynced), left: count }),
  'sync-stop, sync-start, retry, notify, resync, approve-deletes, forget': steered,
  plan: readPairsOf({
    pair: z.string(),
    counts: z.strictObject({
      cookbook_version: planned,
      data_bag: planned,
      data_bag_item: planned,
      role: planned,
      environment: planned,
      unreadable: count,
      onlyOnReplica: count,
    }),
    notes: z.array(z.strictObject({ note: z.string(), text: z.string() })),
    objects: z.array(z.strictObject({ action: z.string(), path: z.string(), reason: z.string() })),
  }),
  check: readPairsOf(comparison),
  repair: pairsOf({
    ...comparison,
    extras: comparison.objects,
    by: z.enum(['daemon', 'this command', 'nobody']),
    result: z.strictObject(once).optional(),
  }),
  doctor: envelope({
    findings: z.array(
      z.strictObject({
        server: z.string(),
        organization: z.string().nullable().optional(),
        check: z.string(),
        verdict: z.enum(['ok', 'warning', 'failure']),
        text: z.string(),
      }),
    ),
    stack: z.string().optional(),
  }),
  reconfigure: envelope({
    changes: z.array(z.strictObject({ pair: z.string(), change: z.enum(['added', 'removed', 'filter changed']) })),
    outcome: z.enum(['taken over', 'no daemon', 'deployed', 'not deployed']),
  }),
  init: envelope({ file: z.string(), home: z.enum(['local', 'aws']), next: z.array(z.string()) }),
  'prepare-org': envelope({
    on: z.string(),
    url: z.string(),
    user: z.string(),
    steps: z.array(z.strictObject({ step: z.string(), outcome: z.string(), text: z.string() })),
    organization: z
      .strictObject({ name: z.string(), fullName: z.string().optional(), guid: z.string().optional() })
      .optional(),
    groups: z.array(z.string()).optional(),
    actors: z
      .strictObject({
        group: z.string(),
        users: z.array(z.string()),
        clients: z.array(z.string()),
        groups: z.array(z.string()),
      })
      .optional(),
    otherKeys: z.array(z.string()),
  }),
  'sync-log, manager-log': z
    .object({
      level: z.enum(['info', 'warn', 'error']),
      time: instant,
      pair: z.string().or(z.number()).optional(),
      message: z.string(),
    })
    .catchall(z.union([z.string(), z.number(), z.boolean()])),
} as const;

/** Names of all fields of a shape, however deep. */
export function fieldsOf(shape: z.core.$ZodType): readonly string[] {
  if (shape instanceof z.ZodObject) {
    return Object.entries(shape.shape).flatMap(([name, inner]) => [name, ...fieldsOf(inner)]);
  }
  if (shape instanceof z.ZodArray) return fieldsOf(shape.element);
  if (shape instanceof z.ZodUnion) return shape.options.flatMap(fieldsOf);
  return shape instanceof z.ZodOptional ? fieldsOf(shape.unwrap()) : [];
}
