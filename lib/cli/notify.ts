import { Command } from 'commander';
import { selectPairs } from '../config/select-pairs.ts';
import type { ObjectPath } from '../model/object-path.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { readObjectPaths } from './read-argument.ts';
import { type SteerOptions, steerPairs, withSteerOptions } from './steer-pairs.ts';

interface NotifyOptions extends SteerOptions {
  readonly deleted?: true;
}

/** `chef-sync-ctl notify`; `finish` gets how it ended. */
export function notifyCommand(finish: (exit: Exit) => void): Command {
  return withSteerOptions(new Command('notify'))
    .summary('tell of objects that were written on the primary')
    .description(
      'Tells pairs of objects that were just written, or deleted, on the primary: the next poll looks at them, however long the\n' +
        'inventory takes. For a hook of whatever uploads there. Nothing depends on it: what nobody tells is found by the inventory.',
    )
    .argument('<pair>', 'REPLICA/DESTINATION, the destination alone, or a glob')
    .argument('<paths...>', 'objects like /roles/web, /cookbooks/nginx/1.2.0 or /data/users/alice', readObjectPaths)
    .option('--deleted', 'they were deleted; the primary is asked, and the delete guard decides, as always')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl notify eu/acme /roles/web
  $ chef-sync-ctl notify '*/acme' /cookbooks/nginx/1.2.0 /environments/production
  $ chef-sync-ctl notify eu/acme /roles/old --deleted

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (selector: string, paths: readonly ObjectPath[], options: NotifyOptions) =>
      finish(
        await steerPairs(
          options,
          (operator, pairs) =>
            operator.answer({
              command: 'notify',
              pairs: selectPairs(pairs, selector).map(({ name }) => name),
              paths,
              action: options.deleted === true ? 'delete' : 'upsert',
            }),
          { isDoneByPolls: true },
        ),
      ),
    );
}
