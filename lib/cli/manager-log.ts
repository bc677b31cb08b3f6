import { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { logFile } from '../runtime/open-log.ts';
import type { SourceOptions } from './chosen-pairs.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { type LogOptions, showLog, withLogOptions } from './show-log.ts';

/** `chef-sync-ctl manager-log`; `finish` gets how it ended. */
export function managerLogCommand(finish: (exit: Exit) => void): Command {
  return withLogOptions(new Command('manager-log'))
    .summary("show the daemon's own log")
    .description('Shows the structured log of the process that runs the pairs: when it started, and how it ended.')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl manager-log --since 1d

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (options: SourceOptions & LogOptions) => {
      const statePath = options.state ?? loadConfig(options.config ?? DEFAULT_CONFIG).statePath;
      await showLog(logFile(statePath), 'manager', options);
      finish('ok');
    });
}
