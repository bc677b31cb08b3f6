import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDynamoTable, type DynamoTable, openDynamo } from '../aws/dynamo-table.ts';
import { type PackedConfig, unpackConfig } from '../config/packed-config.ts';
import { systemClock } from './system-clock.ts';

/** The variables that the stack gives its functions; `functions/README.md` says what each of them means. */
export type AwsVariable =
  | 'CHEF_SYNC_TABLE'
  | 'CHEF_SYNC_CONFIG'
  | 'CHEF_SYNC_QUEUE_PREFIX'
  | 'CHEF_SYNC_FINGERPRINT_SECRET'
  | 'CHEF_SYNC_LOG_PREFIX'
  | 'CHEF_SYNC_INSPECTOR';

/** The variable's value. A function without it cannot start, and says so in its first log line. */
export function awsVariable(name: AwsVariable): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`the function has no environment variable ${name}: deploy the stack again`);
  }
  return value;
}

/** The stack's table. Makes a client and asks nothing. */
export const openTable = (): DynamoTable =>
  createDynamoTable(openDynamo(), awsVariable('CHEF_SYNC_TABLE'), systemClock);

/** The configuration that was packed with the function. */
export function readPackedConfig(): PackedConfig {
  const folder = process.env['LAMBDA_TASK_ROOT'] ?? process.cwd();
  return unpackConfig(readFileSync(resolve(folder, awsVariable('CHEF_SYNC_CONFIG')), 'utf8'));
}
