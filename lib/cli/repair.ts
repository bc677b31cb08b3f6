import { Command } from 'commander';
import type { Config } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { PairSelectionError } from '../config/select-pairs.ts';
import { MOST_EXTRA_DELETES, type ObjectLine } from '../model/job.ts';
import type { FinishedJob, Inspector } from '../runtime/inspector.ts';
import type { OnceReport } from '../runtime/local-polls.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { canAsk, isConfirmed } from './ask.ts';
import { type Exit, exitCodeHelp, onceExit, worstExit } from './exit-codes.ts';
import { finishJob } from './finish-job.ts';
import { homeAddress } from './home-address.ts';
import { type InspectionOptions, openInspection, withInspectionOptions } from './open-inspection.ts';
import { counted, plainText } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { countsJson, objectLines, renderCheck, renderObject } from './render-check.ts';
import { onceJson, renderOnce } from './render-once.ts';
import { type Screen, screenOn } from './screen.ts';
import { withWatchedRuntime } from './watch-runtime.ts';

interface RepairOptions extends InspectionOptions {
  readonly deleteExtra?: true;
  readonly yes?: true;
}

/** `chef-sync-ctl repair`; `finish` gets how it ended. */
export function repairCommand(finish: (exit: Exit) => void): Command {
  return withInspectionOptions(new Command('repair'))
    .summary('copy what a check of a pair finds missing or different')
    .description(
      'Compares both sides of a pair as check does and makes every missing or different object due to be copied, whatever\n' +
        'kept it until now: parked, reported, part of a baseline. The daemon copies them with its next poll; when none is\n' +
        'running, this command does. Deletes nothing.\n' +
        'With --delete-extra it also deletes the objects that only the replica has, after showing them and asking. They go\n' +
        'through the delete guard like any delete, which may hold them until approve-deletes; each goes only if the primary\n' +
        'answers twice more that it has no such object, and only as it was when it was shown.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, or the destination alone')
    .option('--delete-extra', 'delete what only the replica has')
    .option('--yes', 'do not ask before --delete-extra, for scripts')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl repair eu/acme
  $ chef-sync-ctl repair eu/acme --delete-extra         shows the objects and asks
  $ chef-sync-ctl repair eu/acme --delete-extra --yes   asks nobody

At most ${MOST_EXTRA_DELETES} extra objects are deleted at a time.

Exit codes (0: what had to be copied is on the replica, or due with the daemon):
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting', 'stopped', 'killed'])}`,
    )
    .action(async (selector: string, options: RepairOptions, command: Command) => {
      if (options.deleteExtra === true && options.yes !== true && !canAsk()) {
        command.error('error: there is no terminal to ask on; say --yes to delete what only the replica has');
      }
      finish(await repair(selector, options));
    });
}

/** What became of it, for both ways to show it. */
interface Repair {
  readonly pair: string;
  readonly found: FinishedJob;
  /** What only the replica has and was to be deleted: `-` with the guard, `!` left alone. */
  readonly extras: readonly ObjectLine[];
  /** Who copies and deletes: the daemon, this command, or nobody because there is nothing to do. */
  readonly by: 'daemon' | 'this command' | 'nobody';
  readonly once?: OnceReport;
}

async function repair(selector: string, options: RepairOptions): Promise<Exit> {
  const screen = screenOn(options.json === true ? process.stderr : process.stdout);
  const { pairs, inspector, local, stack } = await openInspection(options, selector);
  let done: Repair;
  try {
    done = await makeDue(inspector, onePair(pairs, selector), options, screen);
  } finally {
    await inspector.close();
  }
  const [pair] = local?.pairs ?? [];
  if (done.by === 'this command' && local !== undefined && pair !== undefined) {
    done = { ...done, once: await carryOut(local.config, pair, done.extras, homeAddress(options)) };
  }
  const exit = repairExit(done);
  if (options.json === true) printJson(exit, { pairs: [repairJson(done)] });
  else for (const line of outcome(done, stack, screen, homeAddress(options))) screen.line(line);
  return exit;
}

/** A repair is about one pair; a glob may mean more. */
function onePair(pairs: readonly string[], selector: string): string {
  const [pair, ...others] = pairs;
  if (pair !== undefined && others.length === 0) return pair;
  const message = `"${selector}" means the pairs ${pairs.join(', ')}; name one of them`;
  throw new PairSelectionError('PAIR_AMBIGUOUS', message, pairs);
}

async function makeDue(inspector: Inspector, pair: string, options: RepairOptions, screen: Screen): Promise<Repair> {
  const found = await finishJob(inspector, { command: 'repair', pair });
  if (options.json !== true) for (const line of renderCheck(pair, found, screen)) screen.line(line);
  const paths = objectLines(found)
    .filter(({ sign }) => sign === '-')
    .map(({ path }) => path);
  const extras = options.deleteExtra === true ? await deleteExtras(inspector, pair, paths, options, screen) : [];
  const isAnythingDue = (found.job.counts['+'] ?? 0) + (found.job.counts['*'] ?? 0) > 0;
  const isToDelete = extras.some(({ sign }) => sign === '-');
  const by = !isAnythingDue && !isToDelete ? 'nobody' : inspector.isPolled(pair) ? 'daemon' : 'this command';
  return { pair, found, extras, by };
}

/** Asks, and hands the objects to the guard. */
async function deleteExtras(
  inspector: Inspector,
  pair: string,
  all: readonly ObjectLine['path'][],
  { yes, json }: RepairOptions,
  screen: Screen,
): Promise<readonly ObjectLine[]> {
  const paths = all.slice(0, MOST_EXTRA_DELETES);
  if (paths.length === 0) return [];
  if (all.length > paths.length) {
    screen.line(
      `${pair}  only the first ${paths.length} of ${all.length} extras are deleted at a time; run it again for the rest`,
    );
  }
  if (yes !== true) {
    // Without --json the check has shown them already.
    if (json === true) for (const path of paths) screen.line(`- ${plainText(path)}`);
    const what = `Delete ${counted(paths.length, 'object')} of the replica that the primary does not have (${pair})?`;
    if (!(await isConfirmed(what))) {
      screen.line('nothing is deleted');
      return [];
    }
  }
  return objectLines(await finishJob(inspector, { command: 'delete-extra', pair, paths }));
}

/** As `run --once` of this pair alone; deletes nothing unless there are extras to be deleted. */
async function carryOut(
  config: Config,
  pair: OrganizationPair,
  extras: readonly ObjectLine[],
  address: string,
): Promise<OnceReport | undefined> {
  const progress = {
    screen: screenOn(process.stderr),
    plainEveryMs: Number.POSITIVE_INFINITY,
    isQuiet: !process.stderr.isTTY,
    isOnce: true,
    address,
  };
  const isCopyOnly = !extras.some(({ sign }) => sign === '-');
  return await withWatchedRuntime({ ...config, pairs: [pair], warnings: [] }, progress, async ({ runtime }, signal) => {
    const [report] = await runtime.runOnce(signal, { isCopyOnly });
    return report;
  });
}

const isUnreadable = ({ sign }: ObjectLine): boolean => sign === '!';

function repairExit({ found, extras, once }: Repair): Exit {
  const isIncomplete = (found.job.counts['!'] ?? 0) > 0 || extras.some(isUnreadable);
  return worstExit([isIncomplete ? 'unsynced' : 'ok', once === undefined ? 'ok' : onceExit(once)]);
}

function outcome(
  { pair, found, extras, by, once }: Repair,
  stack: string | undefined,
  screen: Screen,
  address: string,
): readonly string[] {
  const due = (found.job.counts['+'] ?? 0) + (found.job.counts['*'] ?? 0);
  const deletes = extras.filter(({ sign }) => sign === '-').length;
  const what = [
    ...(due > 0 ? [`${counted(due, 'object')} to copy`] : []),
    ...(deletes > 0 ? [`${counted(deletes, 'delete')} for the delete guard`] : []),
  ].join(', ');
  return [
    ...extras.filter(isUnreadable).map((line) => renderObject(line, screen)),
    ...(by === 'nobody' ? [`${pair}  nothing to repair`] : []),
    ...(by === 'daemon'
      ? [`${pair}  ${what}: ${stack === undefined ? 'the daemon does it with its next poll' : 'the next poll does it'}`]
      : []),
    ...(once === undefined ? [] : renderOnce(once, systemClock.now(), screen, address)),
  ];
}

const repairJson = ({ pair, found, extras, by, once }: Repair): Readonly<Record<string, unknown>> => ({
  pair,
  counts: countsJson(found.job.counts),
  objects: objectLines(found),
  extras,
  by,
  ...(once === undefined ? {} : { result: onceJson(once) }),
});
