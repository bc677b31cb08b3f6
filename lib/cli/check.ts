import { Command } from 'commander';
import { createLogUpdate } from 'log-update';
import { loadConfig } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pairs.ts';
import { selectPairs } from '../config/select-pairs.ts';
import type { ObjectLine } from '../model/job.ts';
import { type OrganizationComparer, openComparer } from '../runtime/organization-comparer.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { counted } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { checkExit, checkJson, renderCheck } from './render-check.ts';
import { screenOn } from './screen.ts';

interface CheckOptions {
  readonly config: string;
  readonly json?: true;
  readonly equal?: true;
}

/** `chef-sync-ctl check`; `finish` gets whether both sides are equal. */
export function checkCommand(finish: (exit: Exit) => void): Command {
  return new Command('check')
    .summary('compare both sides of a pair, object by object')
    .description(
      'Reads both organizations of a pair completely and compares them, cookbook files by their checksums. Writes nothing\n' +
        'and needs no state file; the daemon may be at work, and what it is just copying shows as a difference.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, the destination alone, or a glob')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .option('--json', 'print one JSON object')
    .option('--equal', 'list the equal objects too')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl check eu/acme
  $ chef-sync-ctl check 'eu/*' --json | jq -r '.pairs[].objects[] | "\\(.sign) \\(.path)"'

Signs:
  =   equal
  +   only on the primary
  -   only on the replica; never touched unless this pair put it there
  *   different, with the names of the fields and files that differ
  !   not readable, with the reason

Exit codes (0: everything is equal):
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting'])}`,
    )
    .action(async (selector: string, options: CheckOptions) => finish(await check(selector, options)));
}

async function check(selector: string, options: CheckOptions): Promise<Exit> {
  const pairs = selectPairs(loadConfig(options.config).pairs, selector);
  const comparer = openComparer(pairs);
  const screen = screenOn(process.stdout);
  const checked: { readonly pair: string; readonly comparisons: readonly ObjectLine[] }[] = [];
  try {
    for (const pair of pairs) {
      const comparisons = await compareShown(comparer, pair);
      checked.push({ pair: pair.name, comparisons });
      if (options.json === true) continue;
      for (const line of renderCheck(pair.name, comparisons, options.equal === true, screen)) screen.line(line);
    }
  } finally {
    await comparer.close();
  }
  const exit = checkExit(checked.flatMap(({ comparisons }) => comparisons));
  if (options.json === true) {
    printJson(
      exit,
      checked.map(({ pair, comparisons }) => checkJson(pair, comparisons, options.equal === true)),
    );
  }
  return exit;
}

/** Compares a pair; a terminal sees how far it is. */
async function compareShown(comparer: OrganizationComparer, pair: OrganizationPair): Promise<readonly ObjectLine[]> {
  const screen = screenOn(process.stderr);
  if (!screen.isTerminal) return await comparer.compare(pair, () => undefined);
  const draw = createLogUpdate(screen.stream);
  try {
    return await comparer.compare(pair, (count) => draw(`${pair.name}  ${counted(count, 'object')} compared`));
  } finally {
    draw.clear();
    draw.done();
  }
}
