import { Command } from 'commander';
import { systemClock } from '../runtime/system-clock.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { type InspectionOptions, openInspection, withInspectionOptions } from './open-inspection.ts';
import { planExit, planJson, renderPlan } from './render-plan.ts';
import { showJobs } from './show-jobs.ts';

/** `chef-sync-ctl plan`; `finish` gets whether there is anything to do. */
export function planCommand(finish: (exit: Exit) => void): Command {
  return withInspectionOptions(new Command('plan'))
    .summary('show what the next polls of a pair would do, and do nothing')
    .description(
      'Reads both organizations of a pair completely, looks into the state file if there is one, and shows what polls would\n' +
        'copy, delete and leave, and what the delete guard would hold. Writes nothing: to neither side, nor to the state file.',
    )
    .argument('[pair]', 'REPLICA/DESTINATION, the destination alone, or a glob', '*')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl plan eu/acme                  before the first run against a replica that is in use
  $ chef-sync-ctl plan --json | jq '.pairs[] | {pair, counts}'

Exit codes (0: there is nothing to do):
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting', 'killed'])}`,
    )
    .action(async (selector: string, options: InspectionOptions) =>
      finish(
        await showJobs(await openInspection(options, selector), options, {
          order: (pair) => ({ command: 'plan', pair }),
          exit: planExit,
          json: planJson,
          lines: (pair, found, screen) => renderPlan(pair, found, systemClock.now(), screen),
        }),
      ),
    );
}
