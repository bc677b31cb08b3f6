import { createInterface } from 'node:readline/promises';
import { releaseLines } from './screen.ts';

/** Whether somebody sits there who can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks on the terminal; only the whole word "yes" is one. */
export async function isConfirmed(question: string): Promise<boolean> {
  // Whoever is asked must see what about, with --quiet too.
  releaseLines(false);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D are no answer, and that is a no.
  const ending = new AbortController();
  terminal.on('close', () => ending.abort());
  try {
    return (await terminal.question(`${question} Type yes to go on: `, { signal: ending.signal })).trim() === 'yes';
  } catch (error) {
    if (ending.signal.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}
