/** A version of a ledger entry: `n` grows with every observation, `epoch` comes first in the order. */
export interface Version {
  readonly epoch: number;
  readonly n: number;
}

export const isSameVersion = (a: Version, b: Version): boolean => a.epoch === b.epoch && a.n === b.n;

/** The version that an observation in `epoch` gives an entry; never equal to an earlier one of the same entry. */
export const nextVersion = (current: Version | undefined, epoch: number): Version => ({
  epoch: Math.max(epoch, current?.epoch ?? 0),
  n: (current?.n ?? 0) + 1,
});
