import { cutText, foldText } from './plain-text.ts';
import type { Colour, Screen } from './screen.ts';

/** A cell of a table. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

/** Space between two columns. */
const GAP = '  ';
/** Before the last cell where it stands below its row. */
const INDENT = '    ';
/** Columns that sentences need to be read beside the others; with fewer they stand below their row. */
const PROSE_WIDTH = 40;

/**
 * Lines of a table: a header and rows, columns as wide as their widest cell. The last column holds sentences. A file gets every row on one
 * line. On a terminal the sentences are broken between words, beside their row or, where that is too narrow, below it, and never cut; what
 * does not fit of the other columns is cut with `…`.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  screen: Pick<Screen, 'width' | 'paint'>,
): readonly string[] {
  const all = [header.map((text): Cell => ({ text, colour: 'gray' })), ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.text.length ?? 0)));
  const available = screen.width() ?? Number.POSITIVE_INFINITY;
  const last = header.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  const isBeside = before + Math.min(PROSE_WIDTH, widths[last] ?? 0) <= available;

  return all.flatMap((row, index) => {
    const fixed = fixedCells(row.slice(0, last), widths, available, screen);
    const { text = '', colour } = row[last] ?? {};
    if (!isBeside) {
      const below = index === 0 ? [] : foldText(text, available - INDENT.length);
      return [fixed.join(GAP).trimEnd(), ...below.map((line) => INDENT + screen.paint(line, colour))].filter(
        (line) => line !== '',
      );
    }
    const [first = '', ...others] = foldText(text, available - before);
    return [
      [...fixed, screen.paint(first, colour)].join(GAP).trimEnd(),
      ...others.map((line) => ' '.repeat(before) + screen.paint(line, colour)),
    ];
  });
}

/** The cells before the last one, padded to their columns and cut where the terminal ends. */
function fixedCells(
  row: readonly Cell[],
  widths: readonly number[],
  available: number,
  screen: Pick<Screen, 'paint'>,
): readonly string[] {
  let left = available;
  return row.flatMap(({ text, colour }, column) => {
    if (left <= 0) return [];
    const padded = cutText(text, left).padEnd(Math.min(widths[column] ?? 0, left));
    left -= padded.length + GAP.length;
    return [screen.paint(padded, colour)];
  });
}
