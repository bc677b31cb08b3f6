import { App } from 'aws-cdk-lib';
import { ConfigError } from '../lib/config/config-error.ts';
import { addChefSyncStack } from './add-chef-sync-stack.ts';

const app = new App();
try {
  addChefSyncStack(app);
} catch (error) {
  // What is wrong with the file is for its author, and a trace would hide it.
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
