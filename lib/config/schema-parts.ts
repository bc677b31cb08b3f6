import * as z from 'zod';

/*
 * The parts that the schema of `chef-sync.yaml` is made of. A message in it is a phrase that follows the name of its place ("primary.url" +
 * "must be …"); `explain-issues.ts` makes whole sentences of them, and relies on one more convention: the message about unknown keys is the
 * list of the known ones (see `section`).
 */

/** A map that refuses unknown keys, because a misspelt setting must not be a setting without effect. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? known.join(' ') : `must be a map with ${known.join(', ')}`),
  });
}

/** A whole number from `least` to `most`; the phrase tells both. */
export function wholeNumber(phrase: string, least: number, most: number) {
  return z.int({ error: phrase }).min(least, phrase).max(most, phrase);
}

/** Text that matches the pattern; the phrase describes it in words. */
export function text(phrase: string, pattern: RegExp) {
  return z.string(phrase).regex(pattern, phrase);
}

/** Text with a rule that a pattern cannot express; `refuse` answers the phrase, or undefined for good text. */
export function textWithRule(phrase: string, refuse: (typed: string) => string | undefined) {
  return z.string(phrase).superRefine((typed, context) => {
    const refusal = refuse(typed);
    if (refusal !== undefined) context.addIssue({ code: 'custom', message: refusal, input: typed });
  });
}

/** `true` or `false`; YAML knows no other words for them. */
export const yesOrNo = z.boolean('must be true or false');

/** The path of a file. Whether there is one is checked later. */
export const path = (what: string) => z.string(`must be the path of ${what}`).min(1, `must be the path of ${what}`);
