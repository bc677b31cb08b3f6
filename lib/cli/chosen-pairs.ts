import { loadConfig } from '../config/load-config.ts';
import type { PairSettings } from '../config/organization-pairs.ts';
import { PairSelectionError, selectPairs } from '../config/select-pairs.ts';
import { type LocalState, readLocalState, readLocalStateIfAny } from '../runtime/read-local-state.ts';
import { DEFAULT_CONFIG } from './default-config.ts';

/** Where a command that only looks finds its pairs. */
export interface SourceOptions {
  readonly config?: string;
  readonly state?: string;
}

/** A pair of the configuration or of the state file. */
export interface KnownPair {
  /** `REPLICA/DESTINATION`. */
  readonly name: string;
  readonly replicaName: string;
  /** `no longer configured`: only the state file knows it. `unknown`: there is no configuration to ask. */
  readonly settings: PairSettings | 'unknown' | 'no longer configured';
}

/** An open state file and the pairs that are meant. */
export interface ChosenPairs {
  readonly state: LocalState;
  readonly statePath: string;
  /** In the order of the configuration, then those that only the state file knows. */
  readonly pairs: readonly KnownPair[];
}

/**
 * Opens the state of the configuration, or the state file alone when that is named, and finds the pairs that `selector` means, all of them
 * without one. The caller closes the state. Throws a sentence of `loadConfig`, `readLocalState` or `selectPairs`.
 */
export function choosePairs({ config: configFile, state: stateFile }: SourceOptions, selector?: string): ChosenPairs {
  const config = stateFile === undefined ? loadConfig(configFile ?? DEFAULT_CONFIG) : undefined;
  // A configuration may be newer than its state; a state file that is named must be there.
  const statePath = config?.statePath ?? stateFile ?? '';
  const state = config === undefined ? readLocalState(statePath) : readLocalStateIfAny(statePath);
  try {
    const configured = (config?.pairs ?? []).map(({ name, replicaName, settings }) => ({
      name,
      replicaName,
      settings,
    }));
    const others = state.pairs
      .filter((name) => !configured.some((pair) => pair.name === name))
      .map((name): KnownPair => {
        const [replicaName = name] = name.split('/', 1);
        return { name, replicaName, settings: config === undefined ? 'unknown' : 'no longer configured' };
      });
    const known: readonly KnownPair[] = [...configured, ...others];
    if (known.length === 0) {
      throw new PairSelectionError('PAIR_UNKNOWN', `no pair was ever polled with the state file ${stateFile}`, []);
    }
    return { state, statePath, pairs: selector === undefined ? known : selectPairs(known, selector) };
  } catch (error) {
    state.close();
    throw error;
  }
}
