import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import { readCopyMessage } from '../../lib/aws/copy-message-body.ts';
import { createSqsWorkQueue } from '../../lib/aws/sqs-work-queue.ts';
import { type SqsServer, startSqsServer } from '../support/aws/sqs-server.ts';
import { describeWorkQueue } from './work-queue.contract.ts';

let server: SqsServer;
let queues = 0;

beforeAll(async () => {
  server = await startSqsServer();
});
afterAll(() => server.stop());

describeWorkQueue('SQS', async () => {
  queues += 1;
  const url = await server.createQueue(`lane-${queues}.fifo`);
  return {
    queue: createSqsWorkQueue(server.client, url),
    async receive(maxMessages) {
      const { Messages = [] } = await server.client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: maxMessages,
          MessageSystemAttributeNames: ['MessageGroupId', 'MessageDeduplicationId'],
        }),
      );
      return Messages.map(({ Body = '', Attributes, ReceiptHandle }) => {
        const message = readCopyMessage(Body);
        if (message === undefined) throw new Error(`the queue gave ${Body}`);
        const { MessageGroupId: groupId = '', MessageDeduplicationId: deduplicationId = '' } = Attributes ?? {};
        return {
          message: { ...message, phase: 2, groupId, deduplicationId },
          async acknowledge() {
            await server.client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
          },
        };
      });
    },
    passVisibility: async () => server.passVisibility(),
    close: async () => {},
  };
});
