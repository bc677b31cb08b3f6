import type { OrganizationPair } from '../lib/config/organization-pair.ts';

/** The pairs in the order of their names, so that the order of the file changes not one byte of what is deployed. */
export const pairsByName = (pairs: readonly OrganizationPair[]): readonly OrganizationPair[] =>
  pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
