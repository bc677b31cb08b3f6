import { plainText } from './plain-text.ts';
import type { Screen } from './screen.ts';

/** Tells what works but should not stay so, as `loadConfig` found it. */
export function showWarnings(warnings: readonly string[], screen: Screen): void {
  for (const warning of warnings) screen.line(`${screen.paint('WARNING', 'yellow')} ${plainText(warning)}`);
}
