import type { OrganizationPair } from '../config/organization-pair.ts';
import { pairRules } from './pair-rules.ts';

/** A pair as it is followed now, by the configuration that its home has. */
export interface FollowedPair {
  readonly name: string;
  /** Of its filter; undefined: nobody knows. */
  readonly filterHash?: string | undefined;
}

/** What a configuration would change of a home. */
export interface ConfiguredChange {
  readonly pair: string;
  readonly change: 'added' | 'removed' | 'filter changed';
}

/** Added and changed pairs in the order of the configuration, then those that it does not have any more. */
export function configuredChanges(
  configured: readonly OrganizationPair[],
  followed: readonly FollowedPair[],
): readonly ConfiguredChange[] {
  const before = new Map(followed.map((pair) => [pair.name, pair]));
  const names = new Set(configured.map(({ name }) => name));
  return [
    ...configured.flatMap(({ name: pair, settings }): readonly ConfiguredChange[] => {
      const known = before.get(pair);
      if (known === undefined) return [{ pair, change: 'added' }];
      const { filterHash = pairRules(settings).filterHash } = known;
      return filterHash === pairRules(settings).filterHash ? [] : [{ pair, change: 'filter changed' }];
    }),
    ...followed
      .filter(({ name }) => !names.has(name))
      .map(({ name }): ConfiguredChange => ({ pair: name, change: 'removed' })),
  ];
}
