import { existsSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import type { Home } from '../config/home.ts';
import { parseConfig } from '../config/load-config.ts';
import {
  type StarterAnswers,
  type StarterQuestion,
  starterAnswerProblem,
  starterConfig,
} from '../config/starter-config.ts';
import { refusal } from '../model/sync-error.ts';
import { type Asker, createAsker } from './ask.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { DEFAULT_CONFIG, homeAddress, shellWord } from './home-address.ts';
import { printJson } from './print-json.ts';
import { screenOn } from './screen.ts';

interface InitOptions {
  readonly config: string;
  readonly json?: true;
  readonly force?: true;
  readonly home?: Home;
  readonly primary?: string;
  readonly replica?: readonly string[];
  readonly organization?: readonly string[];
  readonly user?: string;
}

const HOMES: readonly Home[] = ['local', 'aws'];
/** The user of the old product, which its former users will look for. */
const USUAL_USER = 'ec_sync_user';

/** `chef-sync-ctl init`; `finish` gets how it ended. */
export function initCommand(finish: (exit: Exit) => void): Command {
  const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  return new Command('init')
    .summary('write a first configuration')
    .description(
      'Writes a commented configuration for one primary, its replicas and the organizations that are copied. On a terminal it asks\n' +
        'for what the options do not say; elsewhere it never asks. It reaches no server, and says what to do next.',
    )
    .addOption(new Option('--home <home>', 'where it runs: on this machine, or on AWS').choices(HOMES))
    .option('--primary <url>', 'address of the server that is copied from')
    .option('--replica <name=url>', 'a server that is copied to, by a name of your choice; may be repeated', collect)
    .option(
      '--organization <source[=destination]>',
      'an organization that is copied to every replica; may be repeated',
      collect,
    )
    .option('--user <user>', `the Chef user that copies, made by prepare-org (default: ${USUAL_USER})`)
    .option('--force', 'replace a configuration that is there')
    .option('--config <file>', 'the file to write', DEFAULT_CONFIG)
    .option('--json', 'ask nothing, and print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl init
  $ chef-sync-ctl init --primary https://chef.example.com --replica eu=https://chef-eu.example.com --organization acme
  $ chef-sync-ctl init --home aws --primary https://chef.example.com --replica eu=https://chef-eu.example.com \\
      --organization acme --organization tools=tools-copy

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused'])}`,
    )
    .action(async (options: InitOptions, command: Command) => finish(await init(options, command)));
}

async function init(options: InitOptions, command: Command): Promise<Exit> {
  const { config: file, json, force } = options;
  if (force !== true && existsSync(file))
    throw refusal('INIT', `${file} exists already: replace it with --force, or name another with --config.`);
  const answers = await answersOf(options, command);
  const text = starterConfig(answers);
  refuseContradictions(text, file);
  try {
    // wx: whoever made the file since it was looked for keeps it.
    writeFileSync(file, text, { flag: force === true ? 'w' : 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw refusal('INIT', `${file} cannot be written (${code}): name another file with --config, or make its folder.`);
  }
  const next = nextCommands(answers, file);
  if (json === true) {
    printJson('ok', { file, home: answers.home, next });
    return 'ok';
  }
  const screen = screenOn(process.stdout);
  screen.line(`${file} is written. Next:`);
  for (const line of next) screen.line(`  ${line}`);
  return 'ok';
}

/** From the options; what is missing is asked for on a terminal. */
async function answersOf(options: InitOptions, command: Command): Promise<StarterAnswers> {
  const { primary, replica = [], organization = [], user, home, json } = options;
  const demand = (option: string, question: StarterQuestion, answer: string): string => {
    const problem = starterAnswerProblem(question, answer);
    return problem === undefined ? answer : command.error(`error: ${option}: ${JSON.stringify(answer)} ${problem}`);
  };
  const given = {
    ...(home !== undefined && { home }),
    ...(primary !== undefined && { primaryUrl: demand('--primary', 'url', primary) }),
    ...(user !== undefined && { user: demand('--user', 'user', user) }),
    replicas: replica.map((typed) => {
      const [name = '', url = ''] = typed.split(/=(.*)/s, 2);
      return { name: demand('--replica', 'replica', name), url: demand('--replica', 'url', url) };
    }),
    organizations: organization.map((typed) => {
      const [source = '', destination = source] = typed.split(/=(.*)/s, 2);
      return {
        source: demand('--organization', 'organization', source),
        destination: demand('--organization', 'organization', destination),
      };
    }),
  };
  if (given.primaryUrl !== undefined && given.replicas.length > 0 && given.organizations.length > 0) {
    return { home: 'local', user: USUAL_USER, ...given, primaryUrl: given.primaryUrl };
  }
  const isTerminal = process.stdin.isTTY === true && screenOn(process.stdout).isTerminal;
  if (!isTerminal || json === true) {
    return command.error('error: give --primary, --replica and --organization; they are asked for on a terminal only');
  }
  const asker = createAsker(process.stdin, process.stdout);
  try {
    return await askFor(given, asker);
  } finally {
    asker.close();
  }
}

/** Asks for all that is not given. */
export async function askFor(
  given: Partial<StarterAnswers> & Pick<StarterAnswers, 'replicas' | 'organizations'>,
  asker: Asker,
): Promise<StarterAnswers> {
  const ask = (text: string, question: StarterQuestion, usual?: string): Promise<string> =>
    asker.ask(text, {
      ...(usual !== undefined && { usual }),
      refuse: (answer) => starterAnswerProblem(question, answer),
    });
  const home = given.home ?? (await askHome(asker));
  const primaryUrl = given.primaryUrl ?? (await ask('Address of the primary, like https://chef.example.com', 'url'));
  const replicas = [...given.replicas];
  if (replicas.length === 0) {
    for (let name = await ask('A name for the replica, like eu', 'replica'); name !== ''; ) {
      replicas.push({ name, url: await ask(`Address of ${name}`, 'url') });
      name = await ask('Name of another replica (empty: no other)', 'replica', '');
    }
  }
  const organizations = [...given.organizations];
  if (organizations.length === 0) {
    for (let source = await ask('Organization on the primary', 'organization'); source !== ''; ) {
      organizations.push({ source, destination: await ask('Its name on the replicas', 'organization', source) });
      source = await ask('Another organization (empty: no other)', 'organization', '');
    }
  }
  const user = given.user ?? (await ask('Chef user that copies', 'user', USUAL_USER));
  return { home, primaryUrl, replicas, organizations, user };
}

async function askHome(asker: Asker): Promise<Home> {
  const answer = await asker.ask('Where does it run, local (this machine) or aws', {
    usual: 'local',
    refuse: (typed) => (HOMES.some((home) => home === typed) ? undefined : 'must be local or aws'),
  });
  return answer === 'aws' ? 'aws' : 'local';
}

/** What no single answer is to blame for: two replicas of one name, an organization that is copied onto itself. */
function refuseContradictions(text: string, file: string): void {
  try {
    parseConfig(text, { file, home: 'unprepared', readFile: () => ({ text: '', mode: 0 }) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // The lines are those of a file that nobody will see.
    throw new ConfigError(error.problems.map((problem) => `chef-sync-ctl: ${problem.replace(/^.*?:\d+:\d+: /, '')}`));
  }
}

function nextCommands({ home, replicas, organizations }: StarterAnswers, file: string): readonly string[] {
  const config = homeAddress({ config: file });
  // Every server has a superuser with a key of its own.
  const admin = (server: string): string => `--admin-user pivotal --admin-key ${server}-pivotal.pem${config}`;
  const pairs = replicas.flatMap(({ name }) => organizations.map(({ destination }) => `${name}/${destination}`));
  const [only = '', ...others] = pairs;
  return [
    ...organizations.map(
      ({ source }) => `chef-sync-ctl prepare-org ${source} --on primary --reader ${admin('primary')}`,
    ),
    ...replicas.flatMap(({ name }) =>
      organizations.map(({ destination }) => `chef-sync-ctl prepare-org ${destination} --on ${name} ${admin(name)}`),
    ),
    ...(home === 'local'
      ? ['doctor', `plan ${others.length === 0 ? only : "'*'"}`, 'run --once', 'run'].map(
          (command) => `chef-sync-ctl ${command}${config}`,
        )
      : ['npx cdk bootstrap', `npx cdk deploy -c config=${shellWord(file)}`]),
  ];
}
