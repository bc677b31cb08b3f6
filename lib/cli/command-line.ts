import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import * as z from 'zod';
import { approveDeletesCommand } from './approve-deletes.ts';
import { checkCommand } from './check.ts';
import { completionCommand } from './completion.ts';
import { doctorCommand } from './doctor.ts';
import { EXIT_CODES, type Exit, exitCodeHelp } from './exit-codes.ts';
import { explainError } from './explain-error.ts';
import { forgetCommand } from './forget.ts';
import { homeAddress } from './home-address.ts';
import { initCommand } from './init.ts';
import { managerLogCommand } from './manager-log.ts';
import { notifyCommand } from './notify.ts';
import { planCommand } from './plan.ts';
import { prepareOrgCommand } from './prepare-org.ts';
import { reconfigureCommand } from './reconfigure.ts';
import { repairCommand } from './repair.ts';
import { resyncCommand } from './resync.ts';
import { retryCommand } from './retry.ts';
import { runCommand } from './run.ts';
import { holdBackLines, releaseLines, screenOn } from './screen.ts';
import { syncLogCommand } from './sync-log.ts';
import { syncStartCommand } from './sync-start.ts';
import { syncStatusCommand } from './sync-status.ts';
import { syncStopCommand } from './sync-stop.ts';
import { unsyncedObjectsCommand } from './unsynced-objects.ts';

/** In the order of `--help`: what one begins with, what one looks at, what one does about it. */
const COMMANDS: readonly ((finish: (exit: Exit) => void) => Command)[] = [
  initCommand,
  prepareOrgCommand,
  doctorCommand,
  runCommand,
  reconfigureCommand,
  syncStatusCommand,
  unsyncedObjectsCommand,
  planCommand,
  checkCommand,
  repairCommand,
  syncLogCommand,
  managerLogCommand,
  syncStopCommand,
  syncStartCommand,
  retryCommand,
  notifyCommand,
  approveDeletesCommand,
  resyncCommand,
  forgetCommand,
];

/** What every command is told. */
interface GlobalOptions {
  readonly quiet?: true;
  readonly color?: boolean;
  readonly debug?: true;
  readonly config?: string;
  readonly stack?: string;
}

/** Commands that go on for long and have a `--quiet` of their own. */
const OWN_QUIET: ReadonlySet<string> = new Set(['run', 'sync-log', 'manager-log']);

/**
 * Runs `chef-sync-ctl` with these arguments and answers the exit code. Never throws: what went wrong is on stderr, an expected error as
 * its sentence, a fault of ours as one sentence too, with its trace only when `--debug` is given.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exit: Exit = 'ok';
  let options: GlobalOptions = {};
  const root = program((outcome) => {
    exit = outcome;
  });
  root.hook('preAction', (_, command) => {
    options = command.opts();
    if (options.color === false) {
      // styleText and commander look for these; whatever this process starts does as well.
      process.env['NO_COLOR'] = '1';
      delete process.env['FORCE_COLOR'];
    }
    if (options.quiet === true && !OWN_QUIET.has(command.name())) holdBackLines();
  });
  try {
    await root.parseAsync([...args], { from: 'user' });
    releaseLines(exit === 'ok');
    return EXIT_CODES[exit].code;
  } catch (error) {
    releaseLines(false);
    // Commander has written its own sentence, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.refused.code;
    const explained = explainError(error, options.debug === true, homeAddress(options));
    const screen = screenOn(process.stderr);
    for (const line of explained.lines) screen.line(line);
    return EXIT_CODES[explained.exit].code;
  }
}

function program(finish: (exit: Exit) => void): Command {
  const root = new Command('chef-sync-ctl')
    .description('Keeps replica organizations of Chef Infra Servers equal to their primary.')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl run --config chef-sync.yaml      keep the replicas equal to the primary
  $ chef-sync-ctl sync-status                      how every pair is
  $ chef-sync-ctl unsynced-objects eu/acme         what is missing on a replica, and why

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting', 'stopped', 'killed'])}`,
    );
  // Subcommands take over these settings only from a parent that has them when they are added.
  root
    .version(programVersion())
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
    .configureOutput({ outputError: (text, write) => write(named(text)) });
  for (const command of [...COMMANDS.map((make) => make(finish)), completionCommand(finish, root)]) {
    command.copyInheritedSettings(root);
    // The help breaks its lines where the terminal ends, not where the sources do.
    command.description(command.description().replaceAll('\n', ' '));
    if (!OWN_QUIET.has(command.name())) command.option('--quiet', 'print nothing when it ends with 0');
    command.option('--no-color', 'no colours, as with NO_COLOR');
    command.option('--debug', 'show the trace of a fault of chef-sync');
    root.addCommand(command);
  }
  // Only of options that stand before the command: each command has its own copy of these settings by now.
  root.configureOutput({
    outputError: (text, write) =>
      write(named(text).replace(/^.*unknown option '[^']*'$/m, '$&: options of a command stand behind it')),
  });
  return root;
}

/** An error of commander, with the name of the program before it like every other. */
const named = (text: string): string => text.replace(/^error: /, 'chef-sync-ctl: ');

/** The version of this package, from its package.json. */
function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
