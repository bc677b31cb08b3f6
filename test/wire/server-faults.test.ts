import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultAction, FaultRule } from '../../lib/local/sandbox-chef-server/fault-switches.ts';
import type { Side } from '../../lib/model/side.ts';
import { bodyTooLarge, emptyAnswer, emptyList, htmlPage } from '../support/fault-answers.ts';
import { startWireWorld, type WireWorld, waitAtMost } from './wire-world.ts';

/** Kinds of requests; each suffers on its own, so that no fault hides behind another. */
const REQUESTS: readonly RegExp[] = [
  /^\/organizations\/acme$/,
  /updated_since/,
  /^\/organizations\/acme\/(roles|environments|data|cookbooks)(\?|$)/,
  /\/data\/[^/]+$/,
  /\/search\//,
  /\/(roles|environments)\/[^/]+$/,
  /\/data\/[^/]+\/[^/]+$/,
  /\/cookbooks\/[^/]+\/[^/]+$/,
  /\/sandboxes/,
  /^\/bookshelf\//,
];

/** A request is tried four times: the fault outlasts that once, and later goes away in the middle. */
const TIMES = 6;
/** From the first request that meets the trouble on: long enough for some polls. */
const TROUBLE_MS = 150;
const LONGEST_WAIT_MS = 30_000;

const FAULTS: Readonly<Record<string, FaultAction>> = {
  'an HTML page': htmlPage,
  'an empty body': emptyAnswer,
  'an empty list': emptyList,
  'a body that is too large': bodyTooLarge,
  'a refusal': { kind: 'answer', status: 403, body: '{"error":["missing read permission"]}' },
  'a 404 for everything': { kind: 'answer', status: 404, body: '{"error":["Cannot load it"]}' },
  'a slow answer': { kind: 'delay', ms: 100 },
  'no answer': { kind: 'hang' },
  'a lost request': { kind: 'drop-request' },
  'a lost answer': { kind: 'drop-answer' },
  'an answer that breaks off': { kind: 'drop-mid-body' },
  'an answer that ends too early': { kind: 'truncate' },
  'an answer with a wrong bit': { kind: 'corrupt' },
  'an answer that is no UTF-8': { kind: 'invalid-utf8' },
};

describe('whatever one side does for a while, the pair ends in sync, with right files and without a wrong delete', () => {
  let wire: WireWorld;
  let round = 0;
  beforeAll(async () => {
    wire = await startWireWorld();
    await wire.untilEqual();
    wire.expectEqualSides();
  });
  afterAll(() => wire[Symbol.asyncDispose]());

  /** `hasBegun`: some request has met the trouble. */
  async function suffer(side: Side, begin: () => void, hasBegun: () => boolean): Promise<void> {
    wire.edit(round);
    round += 1;
    begin();
    await waitAtMost(LONGEST_WAIT_MS, hasBegun);
    await wait(TROUBLE_MS);
    expect(hasBegun()).toBe(true);
    wire.servers[side].faults.clear();
    await wire.untilEqual();
    wire.expectEqualSides();
  }

  for (const side of ['primary', 'replica'] as const) {
    test.each(Object.entries(FAULTS))(`the ${side}: %s`, async (_name, action) => {
      const { faults } = wire.servers[side];
      const rules: FaultRule[] = [];
      await suffer(
        side,
        () => rules.push(...REQUESTS.map((path) => faults.when({ path }, action, { times: TIMES }))),
        () => rules.some(({ hits }) => hits > 0),
      );
    });

    test(`the ${side}: a search that takes in no more writes`, async () => {
      await suffer(
        side,
        () => {
          wire.servers[side].faults.isSearchIndexFrozen = true;
        },
        () => true,
      );
    });
  }

  test.each(['files', 'sql'] as const)(
    'the replica: an upload with a wrong bit, of which a store in %s tells',
    async (kind) => {
      const { faults } = wire.servers.replica;
      faults.fileStorage = kind;
      const rule = faults.when(
        { method: 'PUT', path: /^\/bookshelf\// },
        { kind: 'keep-wrong-bytes' },
        { times: TIMES },
      );
      await suffer(
        'replica',
        () => {},
        () => rule.hits > 0,
      );
    },
  );
});
