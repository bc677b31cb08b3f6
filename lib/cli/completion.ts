import { Argument, Command, InvalidArgumentError } from 'commander';
import { COMPLETION_SCRIPTS } from './completion-scripts.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { openHome } from './open-home.ts';
import { screenOn } from './screen.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `chef-sync-ctl completion`, of all commands that `root` has when it is run; `finish` gets how it ended. */
export function completionCommand(finish: (exit: Exit) => void, root: Command): Command {
  return new Command('completion')
    .summary('print the completion of commands, options and pairs for a shell')
    .description('Prints a script that completes commands, options and the names of pairs in a shell.')
    .addArgument(new Argument('<shell>', 'whose script is printed').choices(SHELLS).argParser(readTopic))
    .option('--config <file>', 'the configuration whose pairs are completed')
    .addHelpText(
      'after',
      `
Examples:
  $ source <(chef-sync-ctl completion bash)                                            for this shell, or in ~/.bashrc
  $ chef-sync-ctl completion zsh > ~/.zfunc/_chef-sync-ctl                             in a folder of $fpath
  $ chef-sync-ctl completion fish > ~/.config/fish/completions/chef-sync-ctl.fish

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (topic: Shell | 'pairs', { config }: { readonly config?: string }) => {
      const screen = screenOn(process.stdout);
      if (topic === 'pairs') for (const name of await pairNames(config)) screen.line(name);
      else for (const line of COMPLETION_SCRIPTS[topic](root)) screen.line(line);
      finish('ok');
    });
}

/** `pairs` is what the scripts themselves ask, and nobody else needs to know of. */
function readTopic(text: string): Shell | 'pairs' {
  const topic = [...SHELLS, 'pairs' as const].find((one) => one === text);
  if (topic === undefined) throw new InvalidArgumentError(`Allowed choices are ${SHELLS.join(', ')}.`);
  return topic;
}

async function pairNames(config: string | undefined): Promise<readonly string[]> {
  const operator = await openHome({ config });
  try {
    return (await operator.pairs()).map(({ name }) => name);
  } finally {
    operator.close();
  }
}
