import { printedBy } from '../support/printed-by.ts';
import type { CliResult } from './run-cli.ts';

/**
 * Runs a command to its end in this process, which spares the second that a process takes to start: for all that does not depend on being
 * one (signals, a reader that goes away, the daemon). One at a time.
 */
export async function runHere(...args: readonly string[]): Promise<CliResult> {
  // After the modules of functions were loaded anew, what a command loads when it needs it must be of its own kind.
  const { runCommandLine } = await import('../../lib/cli/command-line.ts');
  const { outcome: code, ...printed } = await printedBy(() => runCommandLine(args));
  return { code, ...printed };
}
