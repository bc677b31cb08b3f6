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
  /** Coloured on a terminal, unless NO_COLOR is set; otherwise as it is. */
  paint(text: string, colour: Colour | undefined): string;
}

/** The screen on one of the process's own streams. */
export function screenOn(stream: NodeJS.WriteStream): Screen {
  // A dumb terminal (an editor's, for instance) can move no cursor.
  const isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb';
  return {
    stream,
    isTerminal,
    width: () => (isTerminal ? stream.columns : undefined),
    line: (text = '') => void stream.write(`${text}\n`),
    paint: (text, colour) => (colour === undefined ? text : styleText(colour, text, { stream })),
  };
}
