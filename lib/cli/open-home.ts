import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { type Config, loadConfig } from '../config/load-config.ts';
import { PairSelectionError, selectPairs } from '../config/select-pairs.ts';
import { SyncError } from '../model/sync-error.ts';
import { openLocalOperator } from '../runtime/local-operator.ts';
import type { KnownPair, Operator } from '../runtime/operator.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { homeAddress } from './home-address.ts';

/** Where a command finds its pairs; at most one of them is given. */
export interface HomeOptions {
  readonly config?: string;
  readonly state?: string;
  readonly stack?: string;
}

/** The stack of all commands that name no home of their own. */
export const STACK_VARIABLE = 'CHEF_SYNC_STACK';

/** Adds `--config` and `--stack`, the two homes. */
export function withHomeOptions(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', `the configuration (default: "${DEFAULT_CONFIG}")`))
    .addOption(
      new Option('--stack <name>', `the pairs of this stack on AWS (default: ${STACK_VARIABLE})`).conflicts([
        'config',
        'state',
      ]),
    );
}

/** Adds `--state` too, for commands that need no configuration. */
export function withStateOption(command: Command): Command {
  return withHomeOptions(command).addOption(
    new Option('--state <file>', 'read this state file without a configuration').conflicts('config'),
  );
}

/** A stack, a configuration of this machine, or a state file alone. */
export type ChosenHome = { readonly stack: string } | { readonly config: Config } | { readonly statePath: string };

/**
 * The home that is meant: the stack that is named, else this machine with the state file or the configuration that is named, else the stack
 * of the environment, else the configuration of the working directory. Throws a sentence when there is none.
 */
export function chosenHome({ config, state, stack }: HomeOptions): ChosenHome {
  if (state !== undefined) return { statePath: state };
  const named = stack ?? (config === undefined ? process.env[STACK_VARIABLE] : undefined);
  if (named !== undefined && named !== '') return { stack: named };
  if (config === undefined && !existsSync(DEFAULT_CONFIG)) {
    throw refusal(
      `There is no ${DEFAULT_CONFIG} here: name the configuration with --config FILE, or the stack on AWS with --stack NAME.`,
    );
  }
  const file = config ?? DEFAULT_CONFIG;
  try {
    return { config: loadConfig(file) };
  } catch (error) {
    if (error instanceof ConfigError && isForAws(file)) {
      throw refusal(`${file} is a configuration for AWS: name its stack with --stack NAME.`);
    }
    throw error;
  }
}

/** Opens the home that is meant, as {@link chosenHome}. The caller closes it. */
export async function openHome(options: HomeOptions): Promise<Operator> {
  const home = chosenHome(options);
  if ('config' in home) {
    const { statePath, pairs } = home.config;
    return openLocalOperator({ statePath, pairs, address: homeAddress(options) });
  }
  if ('statePath' in home) return openLocalOperator(home);
  // The AWS SDK takes longer to load than most commands run.
  const { openRemoteOperator } = await import('../runtime/remote-operator.ts');
  return openRemoteOperator(home.stack);
}

function isForAws(file: string): boolean {
  try {
    loadConfig(file, { home: 'aws' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The pairs of a home that `selector` means, all of them without one; also those that are no longer configured. Throws a sentence of
 * `selectPairs`.
 */
export async function choosePairs(operator: Operator, selector?: string): Promise<readonly KnownPair[]> {
  const known = await operator.pairs();
  if (known.length === 0) throw new PairSelectionError('PAIR_UNKNOWN', 'no pair was ever polled here', []);
  return selector === undefined ? known : selectPairs(known, selector);
}

const refusal = (sentence: string): SyncError =>
  new SyncError(sentence, { code: 'HOME_UNKNOWN', scope: 'pair', retry: 'never' });
