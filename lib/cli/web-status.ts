import type { Operator } from '../runtime/operator.ts';
import type { PairStatus } from '../sync/pair-status.ts';
import type { UnsyncedObject } from '../sync/unsynced-objects.ts';
import { formatDuration, formatPast } from './human-time.ts';
import { counted, plainText } from './plain-text.ts';
import { CONDITION_COLOUR, lagText, nextPollText, stateText } from './render-status.ts';
import { nextTry } from './render-unsynced.ts';
import type { Colour } from './screen.ts';
import { nextStep, statusDetails } from './status-details.ts';

/** The page's word for a colour of the terminal. */
const TONES: Readonly<Record<Colour, string>> = {
  green: 'good',
  cyan: 'work',
  yellow: 'look',
  red: 'bad',
  gray: 'idle',
};

/** How long the page looks back, in samples of one look each. */
const MOST_SAMPLES = 720;
const SHOWN_OBJECTS = 100;
const SHOWN_COPIES = 20;

/** Lag at one moment, both in milliseconds. */
type Sample = readonly [at: number, lagMs: number];

/** What the page needs of an operator. */
type LookedAt = Pick<Operator, 'address' | 'pairs' | 'status' | 'unsyncedPage' | 'recentCopies'>;

/** Makes what the page shows, look by look; it remembers the lag of each pair for the curve. */
export interface WebStatus {
  look(operator: LookedAt, now: number): Promise<Readonly<Record<string, unknown>>>;
}

/** Remembers nothing yet. */
export function createWebStatus(): WebStatus {
  const histories = new Map<string, readonly Sample[]>();
  return {
    async look(operator, now) {
      const names = (await operator.pairs()).map(({ name }) => name);
      const statuses = await operator.status(names);
      for (const name of histories.keys()) if (!names.includes(name)) histories.delete(name);
      const pairs = await Promise.all(
        statuses.map(async (status) => {
          const history = [...(histories.get(status.pair) ?? []), [now, status.lagMs] as const].slice(-MOST_SAMPLES);
          histories.set(status.pair, history);
          return { ...pairFacts(status, history, operator.address, now), ...(await objectsOf(operator, status, now)) };
        }),
      );
      return { version: 1, at: formatPast(now, now).replace(/ \(.*/, ''), summary: summaryOf(statuses), pairs };
    },
  };
}

function summaryOf(statuses: readonly PairStatus[]): string {
  const bad = statuses.filter(({ condition }) => ['red', 'yellow'].includes(CONDITION_COLOUR[condition])).length;
  const all = counted(statuses.length, 'pair');
  return bad === 0 ? `${all}, none needs attention` : `${all}, ${bad} ${bad === 1 ? 'needs' : 'need'} attention`;
}

function pairFacts(status: PairStatus, history: readonly Sample[], address: string, now: number) {
  const { pair, condition, lastPoll, counts } = status;
  const [first = now] = history[0] ?? [];
  return {
    pair,
    state: stateText(status),
    tone: TONES[CONDITION_COLOUR[condition]],
    lastPoll: lastPoll === undefined ? 'never' : formatPast(lastPoll.endedAt, now),
    nextPoll: nextPollText(status, now) ?? 'not planned',
    lag: lagText(status),
    mostLag: formatDuration(Math.max(0, ...history.map(([, lagMs]) => lagMs))),
    span: formatDuration(now - first),
    history,
    backlog: { ...counts.stages, held: counts.held, parked: counts.parked },
    details: [
      ...statusDetails(status, now, address),
      ...[nextStep(status, address)].filter((step) => step !== undefined),
    ],
  };
}

/** Rows of the two tables. */
async function objectsOf(operator: LookedAt, { pair, counts }: PairStatus, now: number) {
  const waiting = counts.pendingUpserts + counts.pendingDeletes + counts.parked + counts.held + counts.absent;
  // Of hundreds of thousands the first page is enough: those whose turn comes first.
  const { objects } = waiting === 0 ? { objects: [] } : await operator.unsyncedPage(pair, {});
  const shown = objects.slice(0, SHOWN_OBJECTS);
  const recent = (await operator.recentCopies?.(pair, SHOWN_COPIES)) ?? [];
  return {
    unsynced: shown.map((object) => unsyncedRow(object, now)),
    unsyncedLeft: Math.max(0, waiting - shown.length),
    recent: recent.map(({ path, action, at }) => [path, action, formatPast(at, now)]),
  };
}

function unsyncedRow(object: UnsyncedObject, now: number): readonly string[] {
  const { path, action, state, since, reason } = object;
  const shownSince = since === undefined ? '-' : formatPast(since, now);
  return [path, action, state, shownSince, nextTry(object, now), plainText(reason)];
}
