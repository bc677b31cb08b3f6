import { Command, Option } from 'commander';
import { unsyncedOf } from '../runtime/operator.ts';
import { systemClock } from '../runtime/system-clock.ts';
import type { UnsyncedObject } from '../sync/unsynced-objects.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { choosePairs, openHome, type StateOptions, withStateOption } from './open-home.ts';
import { counted } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { readGlob, readLimit } from './read-argument.ts';
import { renderUnsynced, unsyncedJson } from './render-unsynced.ts';
import { screenOn } from './screen.ts';

interface UnsyncedObjectsOptions extends StateOptions {
  readonly json?: true;
  readonly only?: UnsyncedObject['state'];
  readonly match?: string;
  readonly limit?: number;
  readonly after?: string;
}

/** `chef-sync-ctl unsynced-objects`; `finish` gets whether there are any. */
export function unsyncedObjectsCommand(finish: (exit: Exit) => void): Command {
  return withStateOption(new Command('unsynced-objects'))
    .summary('show what is missing on a replica, and why')
    .description(
      'Shows every object of a pair that is not in sync, sorted by path: pending, parked, held and absent ones, with the reason.\n' +
        'It reads their state alone: it asks no Chef server, and they may be polled and copied meanwhile.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, the destination alone, or a glob')
    .addOption(
      new Option('--only <state>', 'only objects in this state').choices(['pending', 'parked', 'held', 'absent']),
    )
    .option('--match <glob>', 'only objects like this, as in the configuration: roles/web-*, data_bags/users', readGlob)
    .option('--limit <count>', 'show no more than this many of a pair', readLimit)
    .option('--after <path>', 'begin behind this object, to go on where a limit ended')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl unsynced-objects eu/acme
  $ chef-sync-ctl unsynced-objects eu/acme --only held --match 'roles/*'
  $ chef-sync-ctl unsynced-objects eu/acme --limit 100 --after /roles/web
  $ chef-sync-ctl unsynced-objects eu/acme --json | jq -r '.pairs[].unsynced[].path'

States:
  pending   to be copied or deleted; after a failure with the time of the next attempt
  parked    given up for now: tried again once a day, and at once with chef-sync-ctl retry
  held      a delete that the delete guard does not let go: chef-sync-ctl approve-deletes
  absent    the primary lists it no more; the next inventory decides

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced'])}`,
    )
    .action(async (pair: string, options: UnsyncedObjectsOptions) => finish(await showUnsyncedObjects(pair, options)));
}

async function showUnsyncedObjects(selector: string, options: UnsyncedObjectsOptions): Promise<Exit> {
  const operator = await openHome(options);
  try {
    const pairs = await choosePairs(operator, selector);
    const filter = { state: options.only, glob: options.match };
    const found = await Promise.all(
      pairs.map(async ({ name }) => ({ name, ...shownOf(await unsyncedOf(operator, name, filter), options) })),
    );
    const exit = found.some(({ shown, left }) => shown.length + left > 0) ? 'unsynced' : 'ok';
    if (options.json === true) {
      const entries = found.map(({ name, shown, left }) => ({ pair: name, unsynced: shown.map(unsyncedJson), left }));
      printJson(exit, { pairs: entries });
      return exit;
    }
    const screen = screenOn(process.stdout);
    for (const { name, shown, left } of found) {
      if (found.length > 1) screen.line(`${name}:`);
      for (const line of renderUnsynced(shown, systemClock.now(), screen)) screen.line(line);
      const last = shown.at(-1);
      if (left > 0 && last !== undefined) {
        screen.line(`${counted(left, 'object')} more; go on with --after ${last.path}`);
      }
    }
    return exit;
  } finally {
    operator.close();
  }
}

/** The objects behind `after` up to the limit, and how many are left. */
function shownOf(
  objects: readonly UnsyncedObject[],
  { after, limit }: UnsyncedObjectsOptions,
): { readonly shown: readonly UnsyncedObject[]; readonly left: number } {
  const behind = after === undefined ? objects : objects.filter(({ path }) => path > after);
  const shown = behind.slice(0, limit);
  return { shown, left: behind.length - shown.length };
}
