import { type Command, Option } from 'commander';
import type { Config } from '../config/load-config.ts';
import type { OrganizationPair } from '../config/organization-pair.ts';
import { selectPairs } from '../config/select-pairs.ts';
import { refusal } from '../model/sync-error.ts';
import type { Inspector } from '../runtime/inspector.ts';
import { openLocalInspector } from '../runtime/local-inspector.ts';
import { chosenStack, type HomeOptions, localConfig, withHomeOptions } from './open-home.ts';

/** What every command about jobs is told. */
export interface InspectionOptions extends HomeOptions {
  readonly json?: true;
  readonly debug?: true;
  /** The id of a job of a stack. */
  readonly job?: string;
}

/** Pairs that are looked into, and who does it. */
export interface Inspection {
  /** Names of the pairs that are meant. */
  readonly pairs: readonly string[];
  readonly inspector: Inspector;
  /** The stack; undefined: this machine. */
  readonly stack?: string;
  /** Of this machine: the configuration, and the pairs of it that are meant. */
  readonly local?: { readonly config: Config; readonly pairs: readonly OrganizationPair[] };
}

/** Adds the options of {@link InspectionOptions}. */
export function withInspectionOptions(command: Command): Command {
  return withHomeOptions(command)
    .addOption(
      new Option('--job <id>', 'with --stack: wait for this job, which an earlier command began').conflicts('config'),
    )
    .option('--json', 'print one JSON object');
}

/**
 * Makes ready to look into the pairs that `selector` means (all of them without one) in the home that the options choose. The caller closes
 * the inspector. Throws a sentence of the home or of `selectPairs`.
 */
export async function openInspection(options: InspectionOptions, selector?: string): Promise<Inspection> {
  const stack = chosenStack(options);
  if (stack !== undefined) {
    const [{ openRemoteOperator }, { openRemoteInspector }] = await Promise.all([
      import('../runtime/remote-operator.ts'),
      import('../runtime/remote-inspector.ts'),
    ]);
    const inspector = openRemoteInspector(stack, { attachTo: options.job });
    const known = selector === undefined ? [] : await openRemoteOperator(stack).pairs();
    const configured = known.filter(({ isConfigured }) => isConfigured);
    const pairs = selector === undefined ? [] : selectPairs(configured, selector).map(({ name }) => name);
    return { pairs, inspector, stack };
  }
  if (options.job !== undefined) {
    throw refusal('HOME_UNKNOWN', 'Jobs have ids on AWS only: name the stack with --stack NAME, or leave --job out.');
  }
  const config = localConfig(options.config);
  const pairs = selector === undefined ? config.pairs : selectPairs(config.pairs, selector);
  const inspector = openLocalInspector(config, pairs);
  return { pairs: pairs.map(({ name }) => name), inspector, local: { config, pairs } };
}
