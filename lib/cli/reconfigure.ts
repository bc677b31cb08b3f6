import { Command, Option } from 'commander';
import { type Config, loadConfig } from '../config/load-config.ts';
import { refusal, SyncError } from '../model/sync-error.ts';
import { deployStack } from '../runtime/deploy-stack.ts';
import { type ConfiguredChange, configuredChanges, type FollowedPair } from '../runtime/pair-changes.ts';
import { followedHere, reconfigureDaemon } from '../runtime/reconfigure-daemon.ts';
import { canAsk, isConfirmed } from './ask.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { DEFAULT_CONFIG } from './home-address.ts';
import { chosenStack, localConfig, STACK_VARIABLE } from './open-home.ts';
import { counted } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { type Screen, screenOn } from './screen.ts';
import { showWarnings } from './show-warnings.ts';

interface ReconfigureOptions {
  readonly config?: string;
  readonly stack?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** `chef-sync-ctl reconfigure`; `finish` gets how it ended. */
export function reconfigureCommand(finish: (exit: Exit) => void): Command {
  return new Command('reconfigure')
    .summary('take over a changed configuration')
    .description(
      'Checks the configuration, shows which pairs it adds and removes and whose filter it changes, and takes it over: the\n' +
        'daemon of this machine is told to (as with SIGHUP); a stack is deployed with "npx cdk deploy", after asking.\n' +
        'A pair that is removed is polled no more; its replica stays as it is, and status lists it until it is forgotten.',
    )
    .addOption(new Option('--config <file>', `the configuration (default: "${DEFAULT_CONFIG}")`))
    .addOption(new Option('--stack <name>', `deploy this stack on AWS (default: ${STACK_VARIABLE})`))
    .option('--yes', 'do not ask before a deployment, for scripts')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl reconfigure
  $ chef-sync-ctl reconfigure --config chef-sync.yaml --stack chef-sync
  $ chef-sync-ctl reconfigure --stack chef-sync --yes        in a pipeline

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused', 'waiting', 'killed'])}`,
    )
    .action(async (options: ReconfigureOptions, command: Command) => {
      const stack = chosenStack(options);
      if (stack === undefined) {
        finish(await reconfigureHere(options));
        return;
      }
      if (options.yes !== true && !canAsk()) {
        command.error('error: there is no terminal to ask on; say --yes to deploy');
      }
      finish(await reconfigureStack(options, stack));
    });
}

async function reconfigureHere(options: ReconfigureOptions): Promise<Exit> {
  const screen = screenOf(options);
  const config = localConfig(options.config);
  showWarnings(config.warnings, screenOn(process.stderr));
  const { daemon, pairs } = await followedHere(config.statePath);
  const changes = showChanges(config, pairs, screen);
  if (daemon === undefined) {
    screen.line('no daemon is running: the next "chef-sync-ctl run" takes it over');
    return done(options, changes, 'no daemon');
  }
  const outcome = await reconfigureDaemon(daemon, config);
  if (outcome === 'taken over') {
    screen.line(`the daemon (process ${daemon}) has taken it over`);
    return done(options, changes, outcome);
  }
  if (outcome === 'not answered') {
    throw new SyncError(
      `The daemon (process ${daemon}) was told, and has not answered: see "chef-sync-ctl manager-log" whether it took it over.`,
      { code: 'NOT_RECONFIGURED', scope: 'endpoint', retry: 'later' },
    );
  }
  if (outcome === 'another file') {
    throw refusal(
      'NOT_RECONFIGURED',
      `The daemon (process ${daemon}) follows another configuration than this one, and has read that again: change it, or name it with --config.`,
    );
  }
  for (const sentence of outcome.refusal) screen.line(sentence);
  throw refusal('NOT_RECONFIGURED', `The daemon (process ${daemon}) refuses it and goes on as before.`);
}

async function reconfigureStack(options: ReconfigureOptions, stack: string): Promise<Exit> {
  const screen = screenOf(options);
  const { config: file = DEFAULT_CONFIG, yes } = options;
  const config = loadConfig(file, { home: 'aws' });
  showWarnings(config.warnings, screenOn(process.stderr));
  const changes = showChanges(config, await followedByStack(stack, screen), screen);
  if (yes !== true && !(await isConfirmed(`Deploy the stack ${stack}?`))) {
    screen.line('nothing is deployed');
    return done(options, changes, 'not deployed', 'refused');
  }
  await deployStack(file, stack, yes === true);
  return done(options, changes, 'deployed');
}

async function followedByStack(stack: string, screen: Screen): Promise<readonly FollowedPair[]> {
  const { openRemoteOperator } = await import('../runtime/remote-operator.ts');
  try {
    return (await openRemoteOperator(stack).pairs()).filter(({ isConfigured }) => isConfigured);
  } catch (error) {
    if (!(error instanceof SyncError && error.code === 'FUNCTION_UNKNOWN')) throw error;
    screen.line(`the stack ${stack} is not deployed yet`);
    return [];
  }
}

const MEANINGS: Readonly<Record<ConfiguredChange['change'], readonly [string, string]>> = {
  added: ['+', 'added'],
  removed: ['-', 'removed; its replica stays as it is'],
  'filter changed': ['*', 'filter changed: what it lets in is read and compared, what it does not is left as it is'],
};

/** Shows the changes and answers them. */
function showChanges(config: Config, followed: readonly FollowedPair[], screen: Screen): readonly ConfiguredChange[] {
  const changes = configuredChanges(config.pairs, followed);
  for (const { pair, change } of changes) screen.line(`${MEANINGS[change][0]} ${pair}  ${MEANINGS[change][1]}`);
  const unchanged = config.pairs.length - changes.filter(({ change }) => change !== 'removed').length;
  const same = unchanged === 1 ? 'copies' : 'copy';
  screen.line(
    `${unchanged === 0 ? '' : `${counted(unchanged, 'pair')} ${same} the same objects as before; `}all other settings of the file, like servers, keys and pollSeconds, are taken over too`,
  );
  return changes;
}

/** With `--json` stdout is for the object alone. */
const screenOf = ({ json }: ReconfigureOptions): Screen => screenOn(json === true ? process.stderr : process.stdout);

function done(
  { json }: ReconfigureOptions,
  changes: readonly ConfiguredChange[],
  outcome: 'taken over' | 'no daemon' | 'deployed' | 'not deployed',
  exit: Exit = 'ok',
): Exit {
  if (json === true) printJson(exit, { changes, outcome });
  return exit;
}
