import { Command } from 'commander';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { openHome, type StateOptions } from './open-home.ts';
import { type LogOptions, showLog, withLogOptions } from './show-log.ts';

/** `chef-sync-ctl manager-log`; `finish` gets how it ended. */
export function managerLogCommand(finish: (exit: Exit) => void): Command {
  return withLogOptions(new Command('manager-log'))
    .summary("show the daemon's own log")
    .description(
      'Shows the structured log of the process that runs the pairs: when it started, and how it ended.\n' +
        'On AWS what the functions of the stack say that concerns no pair: requests to Chef servers, errors, crashes.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl manager-log --since 1d
  $ chef-sync-ctl manager-log --stack chef-sync --follow

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (options: StateOptions & LogOptions) => {
      const operator = await openHome(options);
      try {
        await showLog(operator.log(), 'manager', options);
        finish('ok');
      } finally {
        operator.close();
      }
    });
}
