import { seededRandom } from '../../lib/local/sandbox-chef-server/seeded-random.ts';

/** Everything a simulated world decides by lot, from one seed. */
export interface Chance {
  /** Uniform in [0, 1). */
  random(): number;
  /** True in that share of the calls. */
  happens(share: number): boolean;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** One of the list; throws when it is empty. */
  pick<T>(list: readonly T[]): T;
  /** Another stream of the same seed: using it more or less often changes nothing of this one. */
  fork(stream: number): Chance;
}

/** The same seed gives the same decisions, on every machine. */
export function createChance(seed: number): Chance {
  // Neighbouring seeds and streams begin far apart.
  const random = seededRandom(Math.imul(seed, 0x9e3779b1));
  return {
    random,
    happens: (share) => random() < share,
    between: (from, to) => from + random() * (to - from),
    pick<T>(list: readonly T[]): T {
      const picked = list[Math.floor(random() * list.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
    fork: (stream) => createChance(Math.imul(seed, 31) + stream * 7919),
  };
}
