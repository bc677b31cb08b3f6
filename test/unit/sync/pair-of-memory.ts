import { createSecretKey } from 'node:crypto';
import { isLive, settle } from '../../../lib/model/ledger-entry.ts';
import { type ListPath, listOf, nameInList, trustedRef } from '../../../lib/model/object-path.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import type { Side } from '../../../lib/model/side.ts';
import type { ListPass } from '../../../lib/plan/list-pass.ts';
import { isFrozenObject } from '../../../lib/plan/normalised-form.ts';
import type { ChefOrg } from '../../../lib/ports/chef-org.ts';
import type { Ledger } from '../../../lib/ports/ledger.ts';
import { fingerprintOf, type PairContext } from '../../../lib/sync/pair-context.ts';
import type { PollLease } from '../../../lib/sync/poll-lease.ts';
import { createMemoryLedger } from '../../support/memory-ledger.ts';
import { createMemoryPairState } from '../../support/memory-pair-state.ts';

/** One organization as plain texts: list → name in it → the object's JSON. */
export type Objects = Map<ListPath, Map<string, string>>;

const unexpected = (): never => {
  throw new Error('the test did not expect this request');
};

/** An organization that can be read, and nothing else. */
const readableOrg = (side: Side, objects: Objects): ChefOrg => ({
  side,
  probe: async () => ({ guid: side }),
  names: async (list) => [...(objects.get(list) ?? new Map<string, string>()).keys()],
  bodies: async () => undefined,
  read: async (ref) => {
    const text = objects.get(listOf(ref))?.get(nameInList(ref));
    return text === undefined ? { missing: true, isChefShaped: true } : { ref, text };
  },
  create: unexpected,
  replace: unexpected,
  writeCookbook: unexpected,
  cookbookFiles: unexpected,
  remove: unexpected,
  updatedSince: async () => ({ kind: 'absent', text: '404' }),
  lastTroubleAt: () => 0,
});

/** A pair in memory whose clock the test moves by hand. */
export interface PairOfMemory {
  readonly ctx: PairContext;
  readonly ledger: Ledger;
  readonly lease: PollLease;
  readonly primary: Objects;
  readonly replica: Objects;
  readonly pass: (milliseconds: number) => void;
  /** Every live object that waits is settled, as if it had been copied. */
  readonly settleAll: (list: ListPath) => Promise<void>;
}

/** The pass of this number, in a poll of its own, over the contents of either side of the pair. */
export const passOf = (number: number, some: Partial<ListPass> = {}): ListPass => ({
  scope: 'contents',
  isFull: false,
  number,
  firstOfEpoch: 1,
  firstOfPoll: number,
  epoch: 1,
  trustFrom: 1,
  destination: 'replica',
  takesBaseline: false,
  ...some,
});

export function pairOfMemory(lists: readonly ListPath[]): PairOfMemory {
  const [primary, replica]: [Objects, Objects] = [new Map(), new Map()];
  const ledger = createMemoryLedger();
  let now = 1_000;
  let state = newPairState(now, 'filter', 'copy');
  const lease: PollLease = {
    state: () => state,
    write: async (change) => {
      state = change(state);
      return state;
    },
    note: (change) => {
      state = change(state);
    },
    store: async () => {},
    check: async () => state,
    release: async (change) => {
      state = change(state);
    },
  };
  const ctx: PairContext = {
    pair: 'eu/acme',
    rules: {
      source: 'auto',
      startsWithCopy: true,
      drift: 'repair',
      inventoryShare: 0.05,
      pollSeconds: 60,
      filterHash: 'filter',
      isWanted: () => true,
      isBagWanted: () => true,
      lists,
    },
    fingerprintKey: createSecretKey(Buffer.from('a key of 32 letters for a test..')),
    ledger,
    state: createMemoryPairState(),
    queue: { send: async () => ({ failed: [] }), beganAt: 0, visibilitySeconds: 360 },
    clock: { now: () => now, sleep: async () => {}, random: () => 0 },
    primary: readableOrg('primary', primary),
    replica: readableOrg('replica', replica),
    log: () => {},
  };
  return {
    ctx,
    ledger,
    lease,
    primary,
    replica,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    settleAll: async (list) => {
      for (const { path, version } of (await ledger.entriesOf(list)).filter(isLive)) {
        const ref = trustedRef(path);
        const text = primary.get(list)?.get(nameInList(ref)) ?? unexpected();
        const isFrozen = isFrozenObject(ref.kind, text);
        const fingerprint = fingerprintOf(ctx, ref, text);
        const done = { version, now, readAt: now, fingerprint, destination: 'replica', isFrozen };
        await ledger.update(path, (entry) => settle(entry, done));
      }
    },
  };
}
