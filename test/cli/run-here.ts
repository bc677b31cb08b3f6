import { vi } from 'vitest';
import { runCommandLine } from '../../lib/cli/command-line.ts';
import type { CliResult } from './run-cli.ts';

/**
 * Runs a command to its end in this process, which spares the second that a process takes to start: for all that does not depend on being
 * one (signals, a reader that goes away, the daemon). One at a time.
 */
export async function runHere(...args: readonly string[]): Promise<CliResult> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += text.toString();
      return true;
    }),
  );
  try {
    const code = await runCommandLine(args);
    return { code, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
