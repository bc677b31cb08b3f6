#!/usr/bin/env node
// The `bin` of the package. A checkout runs its sources as they are; an installed package holds what was compiled from them, because Node
// strips no types under node_modules.
import { existsSync } from 'node:fs';

const isCheckout = existsSync(new URL('./chef-sync-ctl.ts', import.meta.url));
if (isCheckout && !process.features.typescript) {
  // Too old to read the sources, so the sentence in them that says so would not be reached.
  process.stderr.write(
    `chef-sync needs Node.js 24 or later and this is ${process.versions.node}: after "npm ci" use "npx chef-sync-ctl", which takes the one that it brings for Linux, or install a newer one.\n`,
  );
  process.exitCode = 2;
} else {
  await import(isCheckout ? './chef-sync-ctl.ts' : '../../dist/cli/chef-sync-ctl.js');
}
