/** The largest part of a version that the server's database column holds. */
const largestPart = 9223372036854775807n;

/**
 * A cookbook version as the server stores it, three integers: `1.2` and `01.2.0` are both `1.2.0`. Undefined when the
 * text is no version.
 */
export function normaliseVersion(text: string): string | undefined {
  if (!/^\d+(?:\.\d+){0,2}$/.test(text)) return undefined;
  const parts = text.split('.').map((part) => BigInt(part));
  if (parts.some((part) => part > largestPart)) return undefined;
  return [parts[0] ?? 0n, parts[1] ?? 0n, parts[2] ?? 0n].join('.');
}

/** Order of normalised versions, newest first. */
export function compareNewestFirst(left: string, right: string): number {
  const leftParts = left.split('.').map((part) => BigInt(part));
  const rightParts = right.split('.').map((part) => BigInt(part));
  for (const index of [0, 1, 2]) {
    const difference = (rightParts[index] ?? 0n) - (leftParts[index] ?? 0n);
    if (difference !== 0n) return difference > 0n ? 1 : -1;
  }
  return 0;
}
