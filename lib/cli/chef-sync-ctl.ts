#!/usr/bin/env node
import { ignoreBrokenPipes } from './broken-pipe.ts';
import { isNodeTooOld } from './refuse-old-node.ts';

if (isNodeTooOld()) {
  process.exitCode = 2;
} else {
  ignoreBrokenPipes();
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
