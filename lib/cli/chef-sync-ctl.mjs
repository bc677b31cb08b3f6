#!/usr/bin/env node
// The `bin` of the package. A checkout runs its sources as they are; an installed package holds what was compiled from them, because Node
// strips no types under node_modules.
import { existsSync } from 'node:fs';

const isCheckout = existsSync(new URL('./chef-sync-ctl.ts', import.meta.url));
await import(isCheckout ? './chef-sync-ctl.ts' : '../../dist/cli/chef-sync-ctl.js');
