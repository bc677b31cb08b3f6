import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSqsWorkQueue } from '../../lib/aws/sqs-work-queue.ts';
import type { OutgoingMessage } from '../../lib/model/copy-message.ts';
import { type SqsServer, startSqsServer } from '../support/aws/sqs-server.ts';

let server: SqsServer;

beforeAll(async () => {
  server = await startSqsServer();
});
afterAll(() => server.stop());

const message = (name: string, groupId: string): OutgoingMessage => ({
  pair: 'eu/acme',
  path: `/roles/${name}`,
  version: { epoch: 1, n: 1 },
  phase: 2,
  groupId,
  deduplicationId: createHash('sha256').update(name).digest('hex'),
});

test('what the queue refuses comes back, with everything behind it in its group, and the rest is sent', async () => {
  const queue = createSqsWorkQueue(server.client, await server.createQueue('refusing.fifo'));
  // fauxqs 2.4.1 takes no character above U+FFFF.
  const refused = message('😀', 'g');
  const behind = message('z', 'g');
  const others = Array.from({ length: 15 }, (_, n) => message(`r${n}`, `other ${n}`));

  const { failed } = await queue.send([refused, ...others, behind]);

  expect(failed).toEqual([refused, behind]);
});

test('a queue that does not exist is an error, not a queue that refuses everything', async () => {
  const queue = createSqsWorkQueue(server.client, server.queueUrl('none.fifo'));

  await expect(queue.send([message('web', 'g')])).rejects.toThrow(/queue/i);
});
