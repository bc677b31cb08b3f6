import { Command } from 'commander';
import { selectPair } from '../config/select-pairs.ts';
import { logFile } from '../runtime/open-log.ts';
import { choosePairs, type SourceOptions } from './chosen-pairs.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { type LogOptions, showLog, withLogOptions } from './show-log.ts';

/** `chef-sync-ctl sync-log`; `finish` gets how it ended. */
export function syncLogCommand(finish: (exit: Exit) => void): Command {
  return withLogOptions(new Command('sync-log'))
    .summary("show a pair's log")
    .description('Shows the structured log of a pair, which lies beside the state file in STATE-logs.')
    .argument('<pair>', 'REPLICA/DESTINATION, or the destination alone')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl sync-log eu/acme --since 1h
  $ chef-sync-ctl sync-log eu/acme --follow
  $ chef-sync-ctl sync-log eu/acme --json | jq -r 'select(.level == "warn") | .message'

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selector: string, options: SourceOptions & LogOptions) => {
      const { state, statePath, pairs } = choosePairs(options);
      state.close();
      const { name } = selectPair(pairs, selector);
      await showLog(logFile(statePath, name), name, options);
      finish('ok');
    });
}
