import { Command } from 'commander';
import { selectPair, selectPairs } from '../config/select-pairs.ts';
import type { ObjectPath } from '../model/object-path.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { readObjectPaths } from './read-argument.ts';
import { type SteerOptions, steerPairs, withSteerOptions } from './steer-pairs.ts';

/** `chef-sync-ctl retry`; `finish` gets how it ended. */
export function retryCommand(finish: (exit: Exit) => void): Command {
  return withSteerOptions(new Command('retry'))
    .summary('try parked and failing objects again at once')
    .description(
      'Makes parked and failing objects due at once, with all their attempts: after the cause was mended.\n' +
        'Without paths all of them, else those named. The next poll of the daemon copies them.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, the destination alone, or without paths a glob')
    .argument('[paths...]', 'objects as unsynced-objects names them', readObjectPaths)
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl retry eu/acme
  $ chef-sync-ctl retry eu/acme /roles/web /cookbooks/nginx/1.2.0

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selector: string, paths: readonly ObjectPath[], options: SteerOptions) =>
      finish(
        await steerPairs(
          options,
          (operator, pairs) =>
            operator.answer(
              paths.length === 0
                ? { command: 'retry', pairs: selectPairs(pairs, selector).map(({ name }) => name) }
                : { command: 'retry', pairs: [selectPair(pairs, selector).name], paths },
            ),
          { isDoneByPolls: true },
        ),
      ),
    );
}
