import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import {
  awaitedSince,
  type Backlog,
  DELETES_PER_RUN,
  type Dispatch,
  FAILURES_THAT_OPEN_A_PHASE,
  gatePhases,
  MESSAGES_OUT,
} from '../../../lib/plan/gate-phases.ts';
import { entryOf } from '../model/entry-of.ts';

/** The run began at 100, and it is 1000 now. */
const RUN = { number: 1, startedAt: 100, deletesSent: 0 };
const NOW = 1_000;

const COOKBOOK = '/cookbooks/apt/1.0.0';
const ITEM = '/data/users/ann';
const BAG = '/data/users';
const ROLE = '/roles/web';

const upsert = (path: ObjectPath, some: Partial<LedgerEntry> = {}) => entryOf(path, { pendingSince: 50, ...some });
const remove = (path: ObjectPath, some: Partial<LedgerEntry> = {}) => upsert(path, { action: 'delete', ...some });

/** Observed after the run began. */
const NEWER = { pendingSince: 500, nextAttemptAt: 500 } as const;
/** Its message is with a copier. */
const OUT = { sends: 1, sentAt: 900, nextAttemptAt: 2_000 } as const;
/** It failed three times and is due again. */
const FAILING = { attempts: FAILURES_THAT_OPEN_A_PHASE } as const;
/** It failed and its next attempt is later. */
const LATER = { attempts: 1, nextAttemptAt: 2_000 } as const;

const gate = (pending: readonly LedgerEntry[], some: Partial<Backlog> = {}): Dispatch =>
  gatePhases({
    run: RUN,
    pending,
    parkedStages: new Set(),
    now: NOW,
    queueBeganAt: 0,
    held: [],
    ...some,
  });
const sent = (pending: readonly LedgerEntry[], some: Partial<Backlog> = {}): string[] =>
  gate(pending, some).send.map((entry) => `${entry.action} ${entry.path}`);

describe('the phases of a run', () => {
  test('an empty backlog sends nothing, and the run is over', () => {
    expect(gate([])).toMatchObject({ send: [], isRunOver: true, outCount: 0 });
  });

  test('content goes first: the role that names a cookbook waits for it', () => {
    expect(sent([upsert(ROLE), upsert(COOKBOOK), upsert(ITEM)])).toEqual([`upsert ${COOKBOOK}`, `upsert ${ITEM}`]);
  });

  test('the role waits while the cookbook is still being copied, or waits for its next attempt', () => {
    expect(gate([upsert(COOKBOOK, OUT), upsert(ROLE)])).toMatchObject({ send: [], isRunOver: false, outCount: 1 });
    expect(gate([upsert(COOKBOOK, LATER), upsert(ROLE)])).toMatchObject({ send: [], isRunOver: false });
  });

  test('definitions open when the content of the run is settled', () => {
    expect(sent([upsert(ROLE)])).toEqual([`upsert ${ROLE}`]);
  });

  test('a definition that changed after the run began waits for the next run', () => {
    expect(gate([upsert(ROLE, NEWER)])).toMatchObject({ send: [], isRunOver: true });
    expect(sent([upsert(ROLE, NEWER)], { run: { ...RUN, startedAt: NOW } })).toEqual([`upsert ${ROLE}`]);
  });

  test('newer content joins at any time before the deletes', () => {
    expect(sent([upsert(ROLE), upsert(COOKBOOK, NEWER)])).toEqual([`upsert ${COOKBOOK}`, `upsert ${ROLE}`]);
  });

  test('newer content that is not copied yet keeps no definition of the run waiting', () => {
    expect(sent([upsert(COOKBOOK, { ...NEWER, ...OUT }), upsert(ROLE)])).toEqual([`upsert ${ROLE}`]);
  });

  test('one object that failed three times no longer keeps the others waiting, and is tried on', () => {
    expect(sent([upsert(COOKBOOK, FAILING), upsert(ROLE)])).toEqual([`upsert ${COOKBOOK}`, `upsert ${ROLE}`]);
  });

  test('an object that failed three times is tried again though nothing else is to be done', () => {
    expect(sent([upsert(COOKBOOK, FAILING)])).toEqual([`upsert ${COOKBOOK}`]);
    expect(sent([upsert(ROLE, FAILING), upsert(COOKBOOK, FAILING)])).toEqual([`upsert ${COOKBOOK}`, `upsert ${ROLE}`]);
  });

  test('a run in which only failing objects wait for their time is over: what is newer goes on', () => {
    expect(gate([upsert(COOKBOOK, { ...FAILING, nextAttemptAt: 2_000 }), upsert(ROLE, NEWER)]).isRunOver).toBe(true);
  });

  test('at most 500 messages of a pair are out at a time', () => {
    const many = Array.from({ length: MESSAGES_OUT + 100 }, (_, n) => upsert(`/data/users/u${n}`, n < 200 ? OUT : {}));
    expect(gate(many)).toMatchObject({ outCount: 200, isRunOver: false });
    expect(gate(many).send).toHaveLength(MESSAGES_OUT - 200);
  });

  test('a message that nobody answered is sent again when its time is over', () => {
    expect(sent([upsert(ITEM, { ...OUT, nextAttemptAt: NOW })])).toEqual([`upsert ${ITEM}`]);
  });

  test('messages that were in a memory queue when the process died are sent again at once', () => {
    expect(sent([upsert(ITEM, OUT)], { queueBeganAt: 901 })).toEqual([`upsert ${ITEM}`]);
    expect(sent([upsert(ITEM, OUT)], { queueBeganAt: 900 })).toEqual([]);
  });
});

describe('the deletes of a run', () => {
  test('begin when its upserts are settled', () => {
    expect(sent([upsert(ROLE), remove(COOKBOOK)])).toEqual([`upsert ${ROLE}`]);
    expect(sent([remove(COOKBOOK)])).toEqual([`delete ${COOKBOOK}`]);
  });

  test('go the other way: the role that names a cookbook before the cookbook', () => {
    expect(sent([remove(COOKBOOK), remove(ROLE)])).toEqual([`delete ${ROLE}`]);
    expect(sent([remove(COOKBOOK), remove(ROLE, LATER)])).toEqual([]);
  });

  test('a bag goes when none of its items waits to be deleted, also not one that failed', () => {
    expect(sent([remove(BAG), remove(ITEM)])).toEqual([`delete ${ITEM}`]);
    expect(sent([remove(BAG), remove(ITEM, LATER)])).toEqual([]);
    expect(sent([remove(BAG)])).toEqual([`delete ${BAG}`]);
  });

  test('a bag stays while the guard holds the delete of one of its items, and other deletes go', () => {
    const held = [remove(ITEM, { state: 'held' })];
    expect(sent([remove(BAG), remove(COOKBOOK)], { held })).toEqual([`delete ${COOKBOOK}`]);
    expect(gate([remove(BAG)], { held })).toMatchObject({ send: [], isRunOver: true });
    expect(sent([remove('/data/other')], { held })).toEqual(['delete /data/other']);
  });

  test('in a single pass one failure keeps nothing else waiting, but a copy that is out does', () => {
    const role = upsert(ROLE);
    expect(sent([upsert(COOKBOOK, LATER), role])).toEqual([]);
    expect(sent([upsert(COOKBOOK, LATER), role], { isOnePass: true })).toEqual([`upsert ${ROLE}`]);
    expect(sent([upsert(COOKBOOK, { ...OUT, attempts: 1 }), role], { isOnePass: true })).toEqual([]);
  });

  test('a definition waits for a run that began after the content it may name was listed', () => {
    const waiting = [upsert(ROLE, { waitsForContent: 60 })];
    expect(gate(waiting)).toMatchObject({ send: [], isRunOver: true });
    expect(gate(waiting, { run: { ...RUN, contentListedAt: 59 } })).toMatchObject({ send: [], isRunOver: true });
    expect(sent(waiting, { run: { ...RUN, contentListedAt: 60 } })).toEqual([`upsert ${ROLE}`]);
  });

  test('content is awaited since the last definition was seen that waits for it', () => {
    expect(awaitedSince([upsert(COOKBOOK), upsert(ROLE)])).toBeUndefined();
    const two = [upsert(ROLE, { waitsForContent: 60 }), upsert(COOKBOOK), upsert(ROLE, { waitsForContent: 50 })];
    expect(awaitedSince(two)).toBe(60);
  });

  test('deletes of content wait for a definition that is to come with the next run: its old form may name it', () => {
    const { send, deletesWait } = gate([upsert(ROLE, { waitsForContent: 60 }), remove(COOKBOOK)]);
    expect(send).toEqual([]);
    expect(deletesWait).toBe(`deletes of cookbooks and data bags wait for ${ROLE}, which waits for what it may name`);
  });

  test('wait for the delete of a definition that is newer than the run: it may name what they remove', () => {
    const { send, deletesWait } = gate([{ ...remove(ROLE), pendingSince: RUN.startedAt + 1 }, remove(COOKBOOK)]);
    expect(send).toEqual([]);
    expect(deletesWait).toBe(
      `deletes of cookbooks and data bags wait for the delete of ${ROLE}, which comes with the next run`,
    );
  });

  test('do not begin while an upsert is out, of the run or newer', () => {
    for (const one of [upsert(COOKBOOK, { ...FAILING, ...OUT }), upsert(COOKBOOK, { ...NEWER, ...OUT })]) {
      expect(gate([one, remove(ITEM)])).toMatchObject({ send: [], isRunOver: false });
    }
  });

  test('nothing else is sent while one is out: uploads and deletes of an organization never overlap', () => {
    expect(gate([remove(ITEM, OUT), upsert(COOKBOOK, NEWER)])).toMatchObject({ send: [], isRunOver: false });
    expect(sent([remove(ITEM, OUT), upsert(COOKBOOK, NEWER), remove('/data/users/bob')])).toEqual([
      'delete /data/users/bob',
    ]);
  });

  test('no more are sent when a held delete of the run turned out to be an upsert', () => {
    expect(gate([remove(ITEM, OUT), remove('/data/users/bob'), upsert(ROLE)])).toMatchObject({
      send: [],
      isRunOver: false,
    });
  });

  test('a failing upsert that is due goes before them', () => {
    expect(sent([upsert(COOKBOOK, FAILING), remove(ITEM)])).toEqual([`upsert ${COOKBOOK}`]);
  });

  test('wait while an upsert of a later stage fails: its old form may still name what they remove', () => {
    const { send, deletesWait } = gate([upsert(ROLE, { ...FAILING, nextAttemptAt: 2_000 }), remove(COOKBOOK)]);
    expect(send).toEqual([]);
    expect(deletesWait).toBe(`deletes of cookbooks and data bags wait for ${ROLE}, which fails`);
  });

  test('wait while an upsert of a later stage is parked', () => {
    const { send, deletesWait } = gate([remove(COOKBOOK)], { parkedStages: new Set([2] as const) });
    expect(send).toEqual([]);
    expect(deletesWait).toBe(
      'deletes of cookbooks and data bags wait for a parked role or environment, which may name them',
    );
  });

  test('of cookbooks wait for a role whose delete is held: on the replica it may name them; those of data go', () => {
    const { send, deletesWait } = gate([remove(COOKBOOK), remove(ITEM)], { leavingDefinition: ROLE });
    expect(send.map(({ path }) => path)).toEqual([ITEM]);
    expect(deletesWait).toBe(`deletes of cookbooks wait for ${ROLE}, which may name them and is to be deleted first`);
    expect(gate([remove(COOKBOOK)], { leavingDefinition: ROLE })).toMatchObject({ send: [], isRunOver: true });
  });

  test('wait for no failing or parked upsert of their own stage', () => {
    const failing = upsert(COOKBOOK, { ...FAILING, nextAttemptAt: 2_000 });
    expect(sent([failing, remove(ITEM)], { parkedStages: new Set([1] as const) })).toEqual([`delete ${ITEM}`]);
  });

  test('a delete that waits for its next attempt keeps no newer upsert waiting', () => {
    expect(gate([remove(ROLE, LATER), upsert(COOKBOOK, NEWER)])).toMatchObject({ send: [], isRunOver: true });
  });

  test('that became due after the run began go with the next one', () => {
    expect(gate([remove(ROLE, NEWER)])).toMatchObject({ send: [], isRunOver: true });
  });

  test('a run takes at most 200; then uploads have their turn', () => {
    const many = Array.from({ length: DELETES_PER_RUN + 50 }, (_, n) => remove(`/data/users/u${n}`));
    expect(gate(many).send).toHaveLength(DELETES_PER_RUN);
    expect(gate(many, { run: { ...RUN, deletesSent: 190 } }).send).toHaveLength(10);
    expect(gate(many, { run: { ...RUN, deletesSent: DELETES_PER_RUN } })).toMatchObject({ send: [], isRunOver: true });
  });
});
