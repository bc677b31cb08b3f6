import { Command } from 'commander';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { namesOf, type PairsOrAllOptions, steerPairs, withPairsOrAll } from './steer-pairs.ts';

/** `chef-sync-ctl resync`; `finish` gets how it ended. */
export function resyncCommand(finish: (exit: Exit) => void): Command {
  return withPairsOrAll(new Command('resync'))
    .summary('read and compare everything again')
    .description(
      'Trusts nothing that was copied before: both sides are read completely, and what differs is copied again.\n' +
        'For a replica that was restored from a backup or changed by hand. It deletes nothing.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl resync eu/acme

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selectors: readonly string[], options: PairsOrAllOptions, command: Command) =>
      finish(
        await steerPairs(
          options,
          (operator, pairs) =>
            operator.answer({ command: 'resync', pairs: namesOf(pairs, selectors, options, command) }),
          { isDoneByPolls: true },
        ),
      ),
    );
}
