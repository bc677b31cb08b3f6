import { Command } from 'commander';
import { selectPair } from '../config/select-pairs.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { type SteerOptions, steerPairs, withSteerOptions } from './steer-pairs.ts';

/** `chef-sync-ctl forget`; `finish` gets how it ended. */
export function forgetCommand(finish: (exit: Exit) => void): Command {
  return withSteerOptions(new Command('forget'))
    .summary('remove the state of a pair that is no longer configured')
    .description(
      'Removes what the state file knows of a pair that was taken out of the configuration, so that status lists it no more.\n' +
        'Both organizations and the log of the pair stay as they are. If the pair is configured again, it begins anew.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, or the destination alone')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl forget eu/acme

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selector: string, options: SteerOptions) =>
      finish(
        await steerPairs(options, async (operator, _configured, known) => {
          const { name: pair } = selectPair(known, selector);
          await operator.forget(pair);
          return [{ pair, text: 'forgotten; the replica keeps everything' }];
        }),
      ),
    );
}
