import { Command } from 'commander';
import { selectPair } from '../config/select-pairs.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { choosePairs, openHome, type StateOptions } from './open-home.ts';
import { type LogOptions, showLog, withLogOptions } from './show-log.ts';

/** `chef-sync-ctl sync-log`; `finish` gets how it ended. */
export function syncLogCommand(finish: (exit: Exit) => void): Command {
  return withLogOptions(new Command('sync-log'))
    .summary("show a pair's log")
    .description(
      'Shows the structured log of a pair, which lies beside the state file in STATE-logs, on AWS in CloudWatch Logs.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, or the destination alone')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl sync-log eu/acme --since 1h
  $ chef-sync-ctl sync-log eu/acme --follow
  $ chef-sync-ctl sync-log eu/acme --stack chef-sync --since 6h
  $ chef-sync-ctl sync-log eu/acme --json | jq -r 'select(.level == "warn") | .message'

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selector: string, options: StateOptions & LogOptions) => {
      const operator = await openHome(options);
      try {
        const { name } = selectPair(await choosePairs(operator), selector);
        await showLog(operator.log(name), name, options);
        finish('ok');
      } finally {
        operator.close();
      }
    });
}
