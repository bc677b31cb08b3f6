import { quote } from './quote.ts';

/**
 * The word that was probably meant, or undefined when none is near: at most a third of its letters (and at least one)
 * wrong, missing, surplus or swapped with their neighbour. Upper and lower case count as equal.
 */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  let nearest: { readonly word: string; readonly distance: number } | undefined;
  for (const word of words) {
    const allowed = Math.max(1, Math.floor(word.length / 3));
    // Lengths that differ by more cannot be near; this also keeps a typed megabyte from being compared letter by letter.
    if (Math.abs(word.length - typed.length) > allowed) continue;
    const distance = editDistance(typed.toLowerCase(), word.toLowerCase());
    if (distance <= allowed && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) nearest = { word, distance };
  }
  return nearest?.word;
}

/** The end of a sentence: `; did you mean "url"?`, or nothing when no word is near. */
export function didYouMean(typed: string, words: readonly string[]): string {
  const nearest = nearestWord(typed, words);
  return nearest === undefined ? '' : `; did you mean ${quote(nearest)}?`;
}

/** Optimal string alignment: the number of letters to add, remove, replace or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(previous, column) + 1,
          at(current, column - 1) + 1,
          at(previous, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(beforePrevious, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

/** Outside the table nothing can be reached. */
function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
