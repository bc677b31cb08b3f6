import type { PlanLine, PlanNote } from '../model/job.ts';
import { KIND_ROWS } from '../model/object-kind.ts';
import type { FinishedJob } from '../runtime/inspector.ts';
import type { Exit } from './exit-codes.ts';
import { localTimes } from './human-time.ts';
import { fitLine, foldText, plainText } from './plain-text.ts';
import type { Colour, Screen } from './screen.ts';

type Action = PlanLine['action'];

const COLOURS: Readonly<Record<Action, Colour>> = {
  upsert: 'green',
  delete: 'red',
  leave: 'gray',
  unreadable: 'yellow',
};

const ACTIONS = ['upsert', 'delete', 'leave', 'unreadable'] as const;

/** What counts of a plan in a sentence. */
const DONE: Readonly<Record<Action, string>> = {
  upsert: 'to copy',
  delete: 'to delete',
  leave: 'to leave as they are',
  unreadable: 'not readable',
};

const planLines = ({ lines }: FinishedJob): readonly PlanLine[] =>
  lines.flatMap((line) => ('action' in line ? [line] : []));
const notesOf = ({ lines }: FinishedJob): readonly PlanNote[] =>
  lines.flatMap((line) => ('note' in line ? [line] : []));

/** `ok` when polls would change nothing and leave nothing different. */
export const planExit = (planned: FinishedJob): Exit => (planLines(planned).length === 0 ? 'ok' : 'unsynced');

/** A line per object, whose reason is cut where a terminal ends, one per note, and a last one with the counts. */
export function renderPlan(
  pair: string,
  planned: FinishedJob,
  now: number,
  screen: Pick<Screen, 'width' | 'paint'>,
): readonly string[] {
  const lines = planLines(planned);
  const parts = ACTIONS.map((action) => ({ action, count: lines.filter((line) => line.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} ${DONE[action]}`);
  if (parts.length === 0) parts.push('nothing to do');
  const extras = planned.job.counts['only on the replica'] ?? 0;
  if (extras > 0) parts.push(`${extras} only on the replica, never touched`);
  return [
    ...lines.map(({ action, path, reason }) => {
      const word = action.padEnd('unreadable'.length);
      const line = fitLine(`${word}  ${plainText(path)}`, localTimes(plainText(reason), now), screen.width());
      return screen.paint(word, COLOURS[action]) + line.slice(word.length);
    }),
    ...notesOf(planned).flatMap(({ text }) => foldText(localTimes(plainText(text), now), screen.width())),
    ...foldText(`${pair}  ${parts.join(', ')}`, screen.width()),
  ];
}

/** The same as `--json` shows it. */
export function planJson(pair: string, planned: FinishedJob): Readonly<Record<string, unknown>> {
  const { counts } = planned.job;
  const byKind = KIND_ROWS.map(({ kind }) => [
    kind,
    Object.fromEntries(
      ACTIONS.filter((action) => action !== 'unreadable').map((action) => [action, counts[`${action} ${kind}`] ?? 0]),
    ),
  ]);
  return {
    pair,
    counts: {
      ...Object.fromEntries(byKind),
      unreadable: counts['unreadable'] ?? 0,
      onlyOnReplica: counts['only on the replica'] ?? 0,
    },
    notes: notesOf(planned),
    objects: planLines(planned),
  };
}
