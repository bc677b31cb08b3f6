import { styleText } from 'node:util';

/** Colours of a condition. */
export type Colour = 'green' | 'yellow' | 'red' | 'cyan' | 'gray';

/** An output of the process: a terminal, or a file or pipe that wants plain lines. */
export interface Screen {
  readonly stream: NodeJS.WriteStream;
  readonly isTerminal: boolean;
  /** Columns of the terminal; undefined where nothing must be cut. */
  width(): number | undefined;
  line(text?: string): void;
  /** Coloured on a terminal, unless NO_COLOR or --no-color is set; otherwise as it is. */
  paint(text: string, colour: Colour | undefined): string;
}

/** Lines of stdout that are printed only if the command does not end well; undefined: lines are printed at once. */
let heldBack: string[] | undefined;

/** For `--quiet`: from now on lines of stdout are held back. */
export function holdBackLines(): void {
  heldBack = [];
}

/** Ends {@link holdBackLines}: prints what was held back, or drops it when all is well. */
export function releaseLines(isAllWell: boolean): void {
  const lines = heldBack ?? [];
  heldBack = undefined;
  if (!isAllWell) for (const line of lines) writeLine(process.stdout, line);
}

function writeLine(stream: NodeJS.WriteStream, text: string): void {
  if (heldBack !== undefined && stream === process.stdout) heldBack.push(text);
  else stream.write(`${text}\n`);
}

/** The screen on one of the process's own streams. */
export function screenOn(stream: NodeJS.WriteStream): Screen {
  // A dumb terminal (an editor's, for instance) can move no cursor.
  const isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  return {
    stream,
    isTerminal,
    width: () => (isTerminal ? stream.columns : undefined),
    line: (text = '') => writeLine(stream, text),
    paint: (text, colour) => (colour === undefined ? text : styleText(colour, text, { stream })),
  };
}
