import { systemClock } from '../runtime/system-clock.ts';
import { EXIT_CODES, type Exit } from './exit-codes.ts';
import { formatInstant } from './human-time.ts';

/** The version of every `--json` object: grows when something is renamed or removed, not when something is added. */
const JSON_VERSION = 1;

/** Prints the one line that `--json` ends with. Commands about pairs have `pairs` in it, an entry for each. */
export function printJson(exit: Exit, fields: Readonly<Record<string, unknown>>): void {
  const { code: exitCode } = EXIT_CODES[exit];
  process.stdout.write(
    `${JSON.stringify({ version: JSON_VERSION, at: formatInstant(systemClock.now()), exitCode, ...fields })}\n`,
  );
}
