import type { Protection } from './protections.ts';

/**
 * The source without the protection. Throws when the protection's text does not stand in it exactly once: a protection that moved must
 * not pass for one that was removed.
 */
export function removeProtection(source: string, { name, file, text, without }: Protection): string {
  const parts = source.split(text);
  const [before, after] = parts;
  if (parts.length !== 2 || before === undefined || after === undefined) {
    throw new Error(
      `The text of the protection "${name}" stands ${parts.length - 1} times in ${file}, not once: correct it in test/mutation/protections.ts.`,
    );
  }
  return before + without + after;
}
