import { NestedStack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { OrganizationPair } from '../../lib/config/organization-pair.ts';
import { shortHash } from '../short-hash.ts';
import { OrgPair, type OrgPairProps } from './org-pair.ts';

/** Pairs that one template holds beside everything else; with its two resources each, 450 in all are far away. */
const MOST_PAIRS_IN_STACK = 100;

/** A fixed number, so that no pair ever moves from one part to another; 1,000 pairs make 125 in each. */
const PARTS = 8;

/** What every pair of the stack shares. */
export type SharedByPairs = Omit<OrgPairProps, 'pair' | 'namePrefix'>;

/**
 * The schedules and alarms of all pairs: in the stack itself, or beyond 100 pairs in eight nested stacks, to which pairs
 * are dealt by the hash of their names.
 */
export function addPairs(scope: Construct, pairs: readonly OrganizationPair[], shared: SharedByPairs): void {
  const add = (at: Construct, own: readonly OrganizationPair[], namePrefix: string): void => {
    for (const pair of own) new OrgPair(at, `Pair${shortHash(pair.name)}`, { ...shared, pair, namePrefix });
  };
  if (pairs.length <= MOST_PAIRS_IN_STACK) {
    add(scope, pairs, shared.stackName);
    return;
  }
  for (const [part, own] of Map.groupBy(pairs, ({ name }) => Number.parseInt(shortHash(name), 16) % PARTS)) {
    const description = `Part of ${shared.stackName}: schedules and alarms of some of its organization pairs`;
    // Alarms have other names here, or those of the stack itself would be in the way while pairs move into their parts.
    add(new NestedStack(scope, `Pairs${part}`, { description }), own, `${shared.stackName} (part ${part})`);
  }
}
