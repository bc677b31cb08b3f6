import { cutText } from './plain-text.ts';
import type { Colour, Screen } from './screen.ts';

/** A cell of a table. */
export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

/** Space between two columns. */
const GAP = '  ';

/**
 * Lines of a table: a header and rows, columns as wide as their widest cell. On a terminal a line never wraps: what does not fit is cut
 * with `…`; a file gets everything.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  screen: Pick<Screen, 'width' | 'paint'>,
): readonly string[] {
  const all = [header.map((text): Cell => ({ text, colour: 'gray' })), ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.text.length ?? 0)));
  const available = screen.width() ?? Number.POSITIVE_INFINITY;
  return all.map((row) => {
    let left = available;
    const cells = row.flatMap(({ text, colour }, column) => {
      if (left <= 0) return [];
      const cut = cutText(text, left);
      const isLast = column === row.length - 1;
      const padded = isLast ? cut : cut.padEnd(Math.min(widths[column] ?? 0, left));
      left -= padded.length + GAP.length;
      return [screen.paint(padded, colour)];
    });
    return cells.join(GAP).trimEnd();
  });
}
