import { vi } from 'vitest';
import type { CliResult } from './run-cli.ts';

/**
 * Runs a command to its end in this process, which spares the second that a process takes to start: for all that does not depend on being
 * one (signals, a reader that goes away, the daemon). One at a time.
 */
export async function runHere(...args: readonly string[]): Promise<CliResult> {
  // After the modules of functions were loaded anew, what a command loads when it needs it must be of its own kind.
  const { runCommandLine } = await import('../../lib/cli/command-line.ts');
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
