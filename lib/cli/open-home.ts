import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { type Config, loadConfig } from '../config/load-config.ts';
import { PairSelectionError, selectPairs } from '../config/select-pairs.ts';
import { refusal } from '../model/sync-error.ts';
import { openLocalOperator } from '../runtime/local-operator.ts';
import type { KnownPair, Operator } from '../runtime/operator.ts';
import { DEFAULT_CONFIG, homeAddress } from './home-address.ts';

/** Where a command finds its pairs; at most one of them is given. */
export interface HomeOptions {
  readonly config?: string;
  readonly stack?: string;
}

/** The same of a command that needs no configuration. */
export interface StateOptions extends HomeOptions {
  readonly state?: string;
}

/** The stack of all commands that name no home of their own. */
export const STACK_VARIABLE = 'CHEF_SYNC_STACK';

/** Adds the options of {@link HomeOptions}. */
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

/** Adds the options of {@link StateOptions}. */
export function withStateOption(command: Command): Command {
  return withHomeOptions(command).addOption(
    new Option('--state <file>', 'read this state file without a configuration').conflicts('config'),
  );
}

/**
 * The stack that is meant: the one that is named, else, when no configuration is, the one of the environment. Undefined: this machine.
 */
export function chosenStack({ config, stack }: HomeOptions): string | undefined {
  const named = stack ?? (config === undefined ? process.env[STACK_VARIABLE] : undefined);
  return named === '' ? undefined : named;
}

/**
 * The configuration of this machine: the one that is named, else that of the working directory. Reads keys and certificates too, unless told
 * not to. Throws a sentence when there is none.
 */
export function localConfig(config?: string, how: { readonly readsServerFiles?: boolean } = {}): Config {
  if (config === undefined && !existsSync(DEFAULT_CONFIG)) {
    throw refusal(
      'HOME_UNKNOWN',
      `There is no ${DEFAULT_CONFIG} here: name the configuration with --config FILE, or the stack on AWS with --stack NAME; "chef-sync-ctl init" writes a first one.`,
    );
  }
  const file = config ?? DEFAULT_CONFIG;
  try {
    return loadConfig(file, how);
  } catch (error) {
    if (error instanceof ConfigError && isForAws(file)) {
      throw refusal('HOME_UNKNOWN', `${file} is a configuration for AWS: name its stack with --stack NAME.`);
    }
    throw error;
  }
}

/**
 * Opens the home that is meant: a state file alone, a stack, or this machine with its configuration, of which no key is read. The caller
 * closes it. Throws a sentence when there is none.
 */
export async function openHome(options: StateOptions): Promise<Operator> {
  if (options.state !== undefined) return openLocalOperator({ statePath: options.state });
  const stack = chosenStack(options);
  if (stack === undefined) {
    const { statePath, pairs } = localConfig(options.config, { readsServerFiles: false });
    return openLocalOperator({ statePath, pairs, address: homeAddress(options) });
  }
  // The AWS SDK takes longer to load than most commands run.
  const { openRemoteOperator } = await import('../runtime/remote-operator.ts');
  return openRemoteOperator(stack);
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
