import { ignoreBrokenPipes } from './broken-pipe.ts';
import { isNodeTooOld } from './refuse-old-node.ts';

// `npm start` alone is the demo; with arguments it is `chef-sync-ctl run`, so that one command serves from the first look to real servers.
const args = process.argv.slice(2);
ignoreBrokenPipes();
if (isNodeTooOld()) {
  process.exitCode = 2;
} else if (args.length === 0) {
  const { runDemo } = await import('./demo.ts');
  process.exitCode = await runDemo();
} else {
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(['run', ...args]);
}
