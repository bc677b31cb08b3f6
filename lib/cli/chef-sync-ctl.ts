#!/usr/bin/env node
import { isNodeTooOld } from './refuse-old-node.ts';

if (isNodeTooOld()) {
  process.exitCode = 2;
} else {
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
