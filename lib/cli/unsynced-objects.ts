import { Command, Option } from 'commander';
import { systemClock } from '../runtime/system-clock.ts';
import { choosePairs, type SourceOptions } from './chosen-pairs.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { printJson } from './print-json.ts';
import { renderUnsynced, unsyncedJson } from './render-unsynced.ts';
import { screenOn } from './screen.ts';

interface UnsyncedObjectsOptions extends SourceOptions {
  readonly json?: true;
}

/** `chef-sync-ctl unsynced-objects`; `finish` gets whether there are any. */
export function unsyncedObjectsCommand(finish: (exit: Exit) => void): Command {
  return new Command('unsynced-objects')
    .summary('show what is missing on a replica, and why')
    .description(
      'Shows every object of a pair that is not in sync, sorted by path: pending, parked, held and absent ones, with the reason.\n' +
        'It reads the state file alone: it asks no Chef server, and the daemon may be at work.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, the destination alone, or a glob')
    .addOption(new Option('--config <file>', `the configuration (default: "${DEFAULT_CONFIG}")`).conflicts('state'))
    .option('--state <file>', 'read this state file without a configuration')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl unsynced-objects eu/acme
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
  const { state, pairs } = choosePairs(options, selector);
  try {
    const found = await Promise.all(pairs.map(async ({ name }) => ({ name, objects: await state.unsynced(name) })));
    const exit = found.some(({ objects }) => objects.length > 0) ? 'unsynced' : 'ok';
    if (options.json === true) {
      printJson(
        exit,
        found.map(({ name, objects }) => ({ pair: name, unsynced: objects.map(unsyncedJson) })),
      );
      return exit;
    }
    const screen = screenOn(process.stdout);
    for (const { name, objects } of found) {
      if (found.length > 1) screen.line(`${name}:`);
      for (const line of renderUnsynced(objects, systemClock.now(), screen)) screen.line(line);
    }
    return exit;
  } finally {
    state.close();
  }
}
