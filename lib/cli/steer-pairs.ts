import type { Command } from 'commander';
import { selectPairs } from '../config/select-pairs.ts';
import type { OperatorAnswer } from '../model/operator-request.ts';
import type { KnownPair, Operator } from '../runtime/operator.ts';
import type { WorkUnderWay } from '../sync/work-under-way.ts';
import type { Exit } from './exit-codes.ts';
import { type HomeOptions, openHome, withHomeOptions } from './open-home.ts';
import { plainText } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { screenOn } from './screen.ts';

/** What every command that steers pairs is told. */
export interface SteerOptions extends HomeOptions {
  readonly json?: true;
}

/** What those are told that steer many at a time. */
export interface PairsOrAllOptions extends SteerOptions {
  readonly all?: true;
}

/** Adds the options of {@link SteerOptions}. */
export function withSteerOptions(command: Command): Command {
  return withHomeOptions(command).option('--json', 'print one JSON object');
}

/** Adds `PAIR…|--all`, for {@link namesOf}, as well. */
export function withPairsOrAll(command: Command): Command {
  return withSteerOptions(
    command
      .argument('[pairs...]', 'REPLICA/DESTINATION, the destination alone, or a glob')
      .option('--all', 'every pair of the configuration'),
  );
}

/** The names of the pairs that are meant, each once. Ends the command when neither pairs nor `--all` are given, or both. */
export function namesOf(
  pairs: readonly KnownPair[],
  selectors: readonly string[],
  { all }: PairsOrAllOptions,
  command: Command,
): readonly string[] {
  if (all === true && selectors.length > 0) command.error('error: name pairs, or all of them with --all, not both');
  if (all !== true && selectors.length === 0) command.error('error: name a pair, or all of them with --all');
  const chosen = all === true ? pairs : selectors.flatMap((selector) => selectPairs(pairs, selector));
  return [...new Set(chosen.map(({ name }) => name))];
}

/** What became of one pair, as it is shown. */
export interface SteerAnswer extends OperatorAnswer {
  /** Set while copies, or a poll, were still under way when the command ended. */
  readonly underWay?: WorkUnderWay;
}

/**
 * Lets `work` steer the configured pairs of a home, and prints what became of each. They may be polled and copied meanwhile. `known` are
 * also those that are no longer configured. What the next poll has to do, `isDoneByPolls`, is told together with who polls when nobody does.
 */
export async function steerPairs(
  options: SteerOptions,
  work: (
    operator: Operator,
    configured: readonly KnownPair[],
    known: readonly KnownPair[],
  ) => Promise<readonly SteerAnswer[]>,
  { isDoneByPolls = false }: { readonly isDoneByPolls?: boolean } = {},
): Promise<Exit> {
  const operator = await openHome(options);
  try {
    const known = await operator.pairs();
    const configured = known.filter(({ isConfigured }) => isConfigured);
    const answers = await work(operator, configured, known);
    const exit = answers.some(({ underWay }) => underWay !== undefined) ? 'waiting' : 'ok';
    if (options.json === true) {
      printJson(exit, { pairs: answers });
    } else {
      const screen = screenOn(process.stdout);
      for (const { pair, text } of answers) screen.line(`${pair}  ${plainText(text)}`);
      if (isDoneByPolls && operator.hasDaemon?.() === false) {
        screen.line(`no daemon is running: the next "chef-sync-ctl run${operator.address}" does it`);
      }
    }
    return exit;
  } finally {
    operator.close();
  }
}
