import { afterAll, beforeAll } from 'vitest';
import { createDynamoLedger } from '../../lib/aws/dynamo-ledger.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { type DynamoServer, startDynamoServer } from '../support/aws/dynamo-server.ts';
import { describeLedger } from './ledger.contract.ts';

let server: DynamoServer;
let tables = 0;

beforeAll(async () => {
  server = await startDynamoServer();
});
afterAll(() => server.stop());

describeLedger('DynamoDB', async () => {
  tables += 1;
  const name = `ledgers-${tables}`;
  await server.createTable(name);
  // Times in the contract are small numbers: nothing may have expired then.
  const table = createDynamoTable(server.client, name, { ...systemClock, now: () => 0 });
  return { ledgerOf: (pairName) => createDynamoLedger(table, pairName), close: async () => {} };
});
