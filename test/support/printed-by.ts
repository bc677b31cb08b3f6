import { vi } from 'vitest';

/** What was printed meanwhile. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** What work in this process ends with, and what it prints instead of printing it. One work at a time. */
export async function printedBy<Outcome>(
  work: () => Promise<Outcome>,
): Promise<Printed & { readonly outcome: Outcome }> {
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += text.toString();
      return true;
    }),
  );
  try {
    const outcome = await work();
    return { outcome, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
