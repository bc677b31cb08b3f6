import { shortHash } from './short-hash.ts';

/** Names of pairs reach 318 characters, while names of alarms end at 255 and say more than the pair. */
const LONGEST = 150;

/** A pair's name for people; a very long one is cut and stays unique by its hash. */
export const printableName = (name: string): string =>
  name.length <= LONGEST ? name : `${name.slice(0, LONGEST)}… (${shortHash(name)})`;
