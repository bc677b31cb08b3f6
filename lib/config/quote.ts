/** Longer than any name Chef accepts for what we quote in practice, short enough that a sentence stays one line. */
const LONGEST = 80;

/** Text from the configuration as it may stand in a sentence: in quotes, control characters escaped, long text cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
}
