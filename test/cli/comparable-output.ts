import type { CliResult } from './run-cli.ts';

/** Sentences that belong to one home alone: who polls there, and from where it is looked. */
const OF_ONE_HOME = [
  /^no daemon is running: .*\n/gm,
  /^job [0-9a-f]{12}; the same command .*\n/gm,
  /^waits: another job reads .*\n/gm,
  /^tested from inside the stack .*\n/gm,
  /"stack":"[^"]*",/g,
];

/**
 * A result without what two homes cannot have in common: times, ages, ids of plans, and the texts of `own` (addresses, files), each of which
 * becomes a word.
 */
export function comparable(
  { code, stdout, stderr }: CliResult,
  own: readonly (readonly [string, string])[],
): CliResult {
  const text = (output: string): string => {
    const inCommon = OF_ONE_HOME.reduce((rest, sentence) => rest.replace(sentence, ''), output);
    return (
      own
        .reduce((rest, [part, word]) => rest.replaceAll(part, word), inCommon)
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'INSTANT')
        .replace(/(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d/g, 'TIME')
        .replace(/"lagSeconds":[\d.]+/g, '"lagSeconds":AGE')
        .replace(/\b[\d.]+(?:ms|s|m|h)(?:\d+s)?\b/g, 'AGE')
        .replace(/\b[\d.]+ m?s\b/g, 'AGE')
        // On a slow machine one home was polled more than a minute before the other.
        .replace(/\b(?:in AGE|now)$|\b(?:in AGE|now) {2}/gm, 'NEXT  ')
        // A machine without a daemon has no next poll.
        .replace(/^( +next poll +)-$/gm, '$1NEXT  ')
        .replace(/(\(AGE ago\) {2,})- {2,}/g, '$1NEXT  ')
        .replace(/\b[0-9a-f]{10}\b/g, 'PLAN')
        .replace(/ {2,}/g, '  ')
    );
  };
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
