import { readFileSync } from 'node:fs';
import { type AssembledStack, STACK, startAssembledStack } from '../assembly/assembled-stack.ts';
import { fill } from '../assembly/organization-content.ts';
import { REGION } from '../support/aws/local-aws.ts';
import { type FakeChefServer, startFakeChefServer } from '../support/fake-chef-server.ts';
import { comparable } from './comparable-output.ts';
import { type CliProcess, type CliResult, runCliWith, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { type SamePairHere, samePairHere } from './same-pair-here.ts';

/** The functions that operators invoke. */
export const STATUS = `${STACK}-status`;

/** See {@link STATUS}. */
export const CONTROL = `${STACK}-control`;

/** How a command of the stack ended, and the functions that its process invoked, each once, in alphabetical order. */
export interface StackResult extends CliResult {
  readonly invoked: readonly string[];
}

/**
 * The pairs `eu/acme` and `eu/tools` twice: followed by the bundled functions of a synthesized stack, and by this machine. Both copy from the
 * same primary, each to a replica of its own. Every command for the stack is a process that knows its stack and credentials, and nothing else.
 */
export interface BothHomes extends AsyncDisposable {
  readonly stack: AssembledStack;
  readonly primary: FakeChefServer;
  /** The replica of the stack and that of this machine. */
  readonly replicas: readonly FakeChefServer[];
  readonly machine: SamePairHere;
  /** Polls pairs in both homes and copies until nothing is left. */
  sync(...pairs: readonly string[]): Promise<void>;
  /** Runs the command for this machine, in this process. */
  here(...args: readonly string[]): Promise<CliResult>;
  /** Runs the command for the stack, with credentials that may invoke what the guide says this command needs, and nothing else. */
  there(...args: readonly string[]): Promise<StackResult>;
  /** Starts a command for the stack, as {@link there}. */
  start(...args: readonly string[]): CliProcess;
  /** Runs a command with this environment in the place of credentials. */
  withEnvironment(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<CliResult>;
  /** Without what the homes cannot have in common. */
  comparable(result: CliResult): CliResult;
}

const guide = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
const [, readers = ''] = /^\| a reader \| `STACK-status` \| (.*) \|$/m.exec(guide) ?? [];
const [, operators = ''] = /^\| an operator \| `STACK-control` too \| (.*) \|$/m.exec(guide) ?? [];
const namesIn = (cell: string): readonly string[] => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name ?? '');

/** The commands that the guide to AWS gives to readers, who may invoke the status function alone. */
export const READERS_COMMANDS = namesIn(readers);

/** Those that it gives to operators, who may invoke the control function too. */
export const OPERATORS_COMMANDS = namesIn(operators);

/** Starts both homes; nothing is polled yet. */
export async function startBothHomes(): Promise<BothHomes> {
  const organizations = ['acme', 'tools'];
  const [stack, twin] = await Promise.all([
    startAssembledStack({ organizations }),
    startFakeChefServer({ organizations }),
  ]);
  const { primary, cloud } = stack;
  fill(primary.organization('acme'));
  primary.organization('tools').putRole('hammer', {});
  const machine = samePairHere({ primary, replica: twin }, { inventoryShare: '100%' }, organizations);
  const own = [
    [` --stack ${STACK}`, ''],
    [` --config ${machine.configFile}`, ''],
    [new URL(stack.replica().url).host, 'REPLICA'],
    [new URL(twin.url).host, 'REPLICA'],
  ] as const;
  let turn: Promise<unknown> = Promise.resolve();
  const here = (...args: readonly string[]): Promise<CliResult> => {
    const ended = turn.then(() => runHere(...args, '--config', machine.configFile));
    turn = ended.catch(() => undefined);
    return ended;
  };
  let people = 0;
  /** Credentials of somebody whom nobody else is. */
  const newcomer = (command: string): string => {
    people += 1;
    const key = `operator-${people}`;
    cloud.lambda.permit(key, OPERATORS_COMMANDS.includes(command) ? [STATUS, CONTROL] : [STATUS]);
    return key;
  };
  const environment: NodeJS.ProcessEnv = {
    AWS_ENDPOINT_URL_LAMBDA: cloud.lambda.url,
    AWS_REGION: REGION,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PROFILE: undefined,
    CHEF_SYNC_STACK: undefined,
    HOME: machine.folder,
  };

  return {
    stack,
    primary,
    replicas: [stack.replica(), twin],
    machine,
    async sync(...pairs) {
      const polled = async (): Promise<void> => {
        for (const pair of pairs) await stack.sync(pair);
      };
      await Promise.all([polled(), here('run', '--once')]);
    },
    here,
    async there(...args) {
      const key = newcomer(args[0] ?? '');
      const result = await runCliWith({ env: { ...environment, AWS_ACCESS_KEY_ID: key } }, ...args, '--stack', STACK);
      const invoked = cloud.calls
        .filter(({ caller }) => caller === key)
        .map(({ resource }) => resource.split(':').at(-1) ?? '');
      return { ...result, invoked: [...new Set(invoked)].sort() };
    },
    start: (...args) =>
      startCli([...args, '--stack', STACK], {
        env: { ...environment, AWS_ACCESS_KEY_ID: newcomer(args[0] ?? '') },
      }),
    withEnvironment: (env, ...args) => runCliWith({ env: { ...environment, ...env } }, ...args),
    comparable: (result) => comparable(result, own),
    async [Symbol.asyncDispose]() {
      await Promise.all([stack[Symbol.asyncDispose](), twin.stop()]);
      machine[Symbol.dispose]();
    },
  };
}
