import { Command } from 'commander';
import { type Config, loadConfig } from '../config/load-config.ts';
import { type ConfiguredOrganization, selectOrganization, serversOfSameKey } from '../config/select-organization.ts';
import { refusal } from '../model/sync-error.ts';
import type { PreparedOrganization, PreparedStep } from '../runtime/prepare-configured-organization.ts';
import { chefServerCommands } from './chef-server-commands.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { DEFAULT_CONFIG } from './home-address.ts';
import { counted, plainText } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { type Colour, screenOn } from './screen.ts';
import { showWarnings } from './show-warnings.ts';
import { takeStopSignals } from './stop-signals.ts';

interface PrepareOrgOptions {
  readonly config: string;
  readonly json?: true;
  readonly on?: string;
  readonly adminUser?: string;
  readonly adminKey?: string;
  readonly reader?: true;
  readonly rotate?: true;
  readonly printCommands?: true;
}

const COLOURS: Readonly<Record<PreparedStep['outcome'], Colour>> = { done: 'green', found: 'gray', skipped: 'yellow' };

/** `chef-sync-ctl prepare-org`; `finish` gets how it ended. */
export function prepareOrgCommand(finish: (exit: Exit) => void): Command {
  return new Command('prepare-org')
    .summary('make the user that copies, with its key and its rights')
    .description(
      'Makes sure that the user of the configuration exists on a server, that its key is where the configuration says (a file\n' +
        'of mode 0600, or a secret of AWS Secrets Manager; made here, and nowhere else), and that it is a member of the organization\n' +
        'and of its group admins. Then it shows that this is enough: it reads, and on a replica it makes and deletes a data bag.\n' +
        'Run again, it changes nothing and finishes what was interrupted.',
    )
    .argument('<org>', 'the organization on that server; none on a server without')
    .option(
      '--on <server>',
      'primary, or the name of a replica; needed where several have an organization of that name',
    )
    .option('--admin-user <user>', 'who prepares: the superuser (pivotal), or an admin of the organization')
    .option('--admin-key <file>', "that user's private key; it signs requests and is kept nowhere")
    .option('--reader', 'on the primary: join the group users instead of admins, which is enough to read')
    .option('--rotate', 'replace the key: add a new one, switch to it, see that it works, remove the old one')
    .option('--print-commands', 'do nothing, and print the chef-server-ctl commands that do the same')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl prepare-org acme --on primary --reader --admin-user pivotal --admin-key pivotal.pem
  $ chef-sync-ctl prepare-org acme --on eu --admin-user alice --admin-key alice.pem
  $ chef-sync-ctl prepare-org acme --on eu --rotate --admin-user pivotal --admin-key pivotal.pem
  $ chef-sync-ctl prepare-org acme --on primary --reader --print-commands

The superuser can do all of it. An admin of the organization can invite a user that exists and whose key is in its place.
With --rotate a copy of the old key that somebody keeps elsewhere ceases to work too.
For a key in Secrets Manager it needs secretsmanager:CreateSecret and PutSecretValue on that one name, and GetSecretValue
to see whether a key that is there already is the right one; region and credentials by the usual rules of AWS.

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused', 'waiting', 'killed'])}`,
    )
    .action(async (organization: string, options: PrepareOrgOptions, command: Command) =>
      finish(await prepareOrg(organization, options, command)),
    );
}

async function prepareOrg(name: string, options: PrepareOrgOptions, command: Command): Promise<Exit> {
  const config = loadConfig(options.config, { home: 'unprepared' });
  const meant = selectOrganization(config.pairs, name, options.on);
  const isReader = options.reader === true;
  const isRotation = options.rotate === true;
  if (isReader && meant.side === 'replica') {
    command.error(`error: --reader is for the primary: on ${meant.serverName} the user writes`);
  }
  const sharers = isRotation ? serversOfSameKey(config.pairs, meant) : [];
  if (sharers.length > 0) {
    throw refusal(
      'KEY_SHARED',
      `The key of ${meant.serverName} is that of ${sharers.join(' and ')} too, where a new one would not be known: name a place of its own for it in the configuration, and run this without --rotate.`,
    );
  }
  if (options.printCommands === true) {
    printCommands(chefServerCommands(meant, { isReader, isRotation }), options);
    return 'ok';
  }
  const { adminUser, adminKey } = options;
  if (adminUser === undefined || adminKey === undefined) {
    return command.error(
      'error: name who prepares with --admin-user and --admin-key, or see with --print-commands what to run on the server',
    );
  }
  await prepare(config, meant, { ...options, adminUser, adminKey });
  return 'ok';
}

async function prepare(
  config: Config,
  meant: ConfiguredOrganization,
  {
    adminUser,
    adminKey,
    reader,
    rotate,
    json,
  }: PrepareOrgOptions & { readonly adminUser: string; readonly adminKey: string },
): Promise<void> {
  const screen = screenOn(process.stdout);
  showWarnings(config.warnings, screenOn(process.stderr));
  if (json !== true) screen.line(`${meant.serverName}  ${meant.server.url}`);
  const steps: PreparedStep[] = [];
  const stop = takeStopSignals((name) =>
    screenOn(process.stderr).line(`${name}: ends after the step under way; a second one ends at once`),
  );
  // The AWS SDK takes longer to load than most commands run.
  const { prepareConfiguredOrganization } = await import('../runtime/prepare-configured-organization.ts');
  let found: PreparedOrganization;
  try {
    found = await prepareConfiguredOrganization(meant, {
      adminUser,
      adminKeyFile: adminKey,
      isReader: reader === true,
      isRotation: rotate === true,
      onStep(step) {
        steps.push(step);
        if (json !== true) {
          const outcome = screen.paint(step.outcome.padEnd(7), COLOURS[step.outcome]);
          screen.line(`  ${outcome}  ${step.step.padEnd(12)}  ${plainText(step.text)}`);
        }
        // After the last one everything is done.
        if (step.step !== 'check') stop.signal.throwIfAborted();
      },
    });
  } finally {
    stop.dispose();
  }
  if (json === true) {
    const { serverName: on, server } = meant;
    printJson('ok', { on, url: server.url, user: server.user, steps, ...found });
    return;
  }
  for (const line of renderFound(found)) screen.line(`  ${line}`);
}

function renderFound({ groups, actors }: PreparedOrganization): readonly string[] {
  const named = (noun: string, names: readonly string[]): string =>
    plainText(`${counted(names.length, noun)}${names.length === 0 ? '' : ` (${names.join(', ')})`}`);
  return [
    ...(groups === undefined ? [] : [`groups: ${plainText(groups.join(', '))}`]),
    ...(actors === undefined
      ? []
      : [
          `actors of ${actors.group}: ${named('user', actors.users)}, ${named('client', actors.clients)}, ${named('group', actors.groups)}`,
        ]),
  ];
}

function printCommands(commands: readonly string[], { json }: PrepareOrgOptions): void {
  const screen = screenOn(process.stdout);
  if (json === true) printJson('ok', { commands });
  else for (const line of commands) screen.line(line);
}
