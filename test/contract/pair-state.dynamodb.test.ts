import { afterAll, beforeAll } from 'vitest';
import { createDynamoPairState } from '../../lib/aws/dynamo-pair-state.ts';
import { createDynamoTable } from '../../lib/aws/dynamo-table.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import { type DynamoServer, startDynamoServer } from '../support/aws/dynamo-server.ts';
import { describePairState } from './pair-state.contract.ts';

let server: DynamoServer;
let tables = 0;

beforeAll(async () => {
  server = await startDynamoServer();
});
afterAll(() => server.stop());

describePairState('DynamoDB', async () => {
  tables += 1;
  const name = `states-${tables}`;
  await server.createTable(name);
  const table = createDynamoTable(server.client, name, systemClock);
  return { stateOf: (pairName) => createDynamoPairState(table, pairName), close: async () => {} };
});
