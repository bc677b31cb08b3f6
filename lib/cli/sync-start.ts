import { Command } from 'commander';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { namesOf, type PairsOrAllOptions, steerPairs, withPairsOrAll } from './steer-pairs.ts';

/** `chef-sync-ctl sync-start`; `finish` gets how it ended. */
export function syncStartCommand(finish: (exit: Exit) => void): Command {
  return withPairsOrAll(new Command('sync-start'))
    .summary('let stopped pairs go on')
    .description(
      'Lets pairs go on that sync-stop stopped, with what changed meanwhile. A pair that waits for a server is tried at once.\n' +
        'The daemon does so with its next poll; when none is running, start it with chef-sync-ctl run.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl sync-start eu/acme
  $ chef-sync-ctl sync-start 'eu/*'
  $ chef-sync-ctl sync-start --all

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selectors: readonly string[], options: PairsOrAllOptions, command: Command) =>
      finish(
        await steerPairs(
          options,
          (operator, pairs) =>
            operator.answer({ command: 'start', pairs: namesOf(pairs, selectors, options, command) }),
          { isDoneByPolls: true },
        ),
      ),
    );
}
