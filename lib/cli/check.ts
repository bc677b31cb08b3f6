import { Command } from 'commander';
import { refusal, type SyncError } from '../model/sync-error.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { type InspectionOptions, openInspection, withInspectionOptions } from './open-inspection.ts';
import { checkExit, checkJson, renderCheck } from './render-check.ts';
import { showJobs } from './show-jobs.ts';

interface CheckOptions extends InspectionOptions {
  readonly equal?: true;
  readonly files?: true;
  readonly showValues?: true;
}

/** `chef-sync-ctl check`; `finish` gets whether both sides are equal. */
export function checkCommand(finish: (exit: Exit) => void): Command {
  return withInspectionOptions(new Command('check'))
    .summary('compare both sides of a pair, object by object')
    .description(
      'Reads both organizations of a pair completely and compares them, cookbook files by their checksums. Writes to\n' +
        'neither and needs no state file; the daemon may be at work, and what it is just copying shows as a difference.\n' +
        'Of a pair with "bootstrap: false" it writes down in the state file what it found: from then on sync-status tells\n' +
        'whether the pair is in sync, instead of "baseline not compared".',
    )
    .argument('[pair]', 'REPLICA/DESTINATION, the destination alone, or a glob', '*')
    .option('--equal', 'list the equal objects too')
    .option('--files', 'download cookbook files from both sides and hash them')
    .option('--show-values', 'show the values of the fields that differ, which may be secrets; not with --stack')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl check eu/acme
  $ chef-sync-ctl check eu/acme --files                 also finds files that a server lost or damaged
  $ chef-sync-ctl check eu/acme --show-values           on your own terminal, for your own eyes
  $ chef-sync-ctl check eu/acme --stack chef-sync       by the functions of a stack
  $ chef-sync-ctl check 'eu/*' --json | jq -r '.pairs[].objects[]? | "\\(.sign) \\(.path)"'

Signs:
  =   equal
  +   only on the primary
  -   only on the replica; never touched unless this pair put it there
  *   different, with the names of the fields and files that differ
  !   not readable, with the reason

Exit codes (0: everything is equal):
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting', 'killed'])}`,
    )
    .action(async (selector: string, options: CheckOptions) => finish(await check(selector, options)));
}

async function check(selector: string, options: CheckOptions): Promise<Exit> {
  const inspection = await openInspection(options, selector);
  if (inspection.stack !== undefined && options.showValues === true) throw valuesStay();
  return await showJobs(inspection, options, {
    order: (pair) => ({
      command: 'check',
      pair,
      listsEqual: options.equal === true,
      ...(options.files && { readsFiles: true }),
    }),
    keepsValues: options.showValues === true,
    exit: ({ job }) => checkExit(job.counts),
    json: checkJson,
    lines: renderCheck,
  });
}

/** What a function answers may lie in a log or a proxy on its way; values are for the eyes of the one who asked. */
const valuesStay = (): SyncError =>
  refusal(
    'VALUES_STAY',
    'Values never leave the functions of a stack: run check --show-values on a machine that has a configuration with the keys.',
  );
