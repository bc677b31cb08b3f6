import { Command } from 'commander';
import { selectPair } from '../config/select-pairs.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { type SteerOptions, steerPairs, withSteerOptions } from './steer-pairs.ts';

/** `chef-sync-ctl approve-deletes`; `finish` gets how it ended. */
export function approveDeletesCommand(finish: (exit: Exit) => void): Command {
  return withSteerOptions(new Command('approve-deletes'))
    .summary('let deletes go that the delete guard holds')
    .description(
      'Lets the deletes of plans go. sync-status names the plans, unsynced-objects every object of them.\n' +
        'An object that changed since the plan was made is not deleted by it, and each one is looked up on the primary again.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, or the destination alone')
    .argument('<plans...>', 'plans, as sync-status names them')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl unsynced-objects eu/acme                 look first
  $ chef-sync-ctl approve-deletes eu/acme 3f9a0c41d2
  $ chef-sync-ctl approve-deletes eu/acme 3f9a0c41d2 a864bc4f21

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selector: string, plans: readonly string[], options: SteerOptions) =>
      finish(
        await steerPairs(
          options,
          (operator, pairs) =>
            operator.answer({ command: 'approve-deletes', pair: selectPair(pairs, selector).name, plans }),
          { isDoneByPolls: true },
        ),
      ),
    );
}
