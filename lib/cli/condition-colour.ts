import type { PairCondition } from '../sync/pair-status.ts';
import type { Colour } from './screen.ts';

/** Green: nothing to do. Cyan: at work. Yellow: needs a look. Red: does not get on by itself. */
export const CONDITION_COLOUR: Readonly<Record<PairCondition, Colour>> = {
  'in sync': 'green',
  bootstrapping: 'cyan',
  'catching up': 'cyan',
  'baseline not compared': 'yellow',
  'deletes held': 'yellow',
  unsynced: 'red',
  waiting: 'red',
  stale: 'red',
  stopped: 'yellow',
  'never polled': 'gray',
  'no longer configured': 'gray',
};
