import type { PairState } from '../model/pair-state.ts';

/** The destinations of all pairs of a process, by their guids as last seen: none of them may be another pair's source. */
export interface KnownDestinations {
  note(pair: string, state: PairState | undefined): void;
  /** Those of all pairs but this one. */
  ofOthers(pair: string): ReadonlySet<string>;
  forget(pair: string): void;
}

/** Knows none yet. */
export function createKnownDestinations(): KnownDestinations {
  const guids = new Map<string, string>();
  return {
    note(pair, state) {
      const guid = state?.guids.replica;
      if (guid !== undefined && guid !== 'none') guids.set(pair, guid);
    },
    ofOthers: (pair) => new Set([...guids].filter(([name]) => name !== pair).map(([, guid]) => guid)),
    forget: (pair) => guids.delete(pair),
  };
}
