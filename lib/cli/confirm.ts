import { createInterface } from 'node:readline/promises';
import { SyncError } from '../model/sync-error.ts';
import { releaseLines } from './screen.ts';
import { interrupted } from './stop-signals.ts';

/** Whether somebody sits there who can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks on the terminal; only the whole word "yes" is one. Throws when somebody ends the command there with Ctrl-C. */
export async function isConfirmed(question: string): Promise<boolean> {
  // Whoever is asked must see what about, with --quiet too.
  releaseLines(false);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ending = new AbortController();
  terminal.once('SIGINT', () => ending.abort(interrupted('SIGINT')));
  // Ctrl-D is no answer, and that is a no.
  terminal.once('close', () => ending.abort());
  try {
    return (await terminal.question(`${question} Type yes to go on: `, { signal: ending.signal })).trim() === 'yes';
  } catch (error) {
    const { aborted, reason } = ending.signal;
    if (!aborted || reason instanceof SyncError) throw aborted ? reason : error;
    return false;
  } finally {
    terminal.close();
  }
}
