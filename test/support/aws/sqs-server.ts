import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
// Its package exports the server only.
import { S3Store } from '../../../node_modules/fauxqs/dist/s3/s3Store.js';
import { SnsStore } from '../../../node_modules/fauxqs/dist/sns/snsStore.js';
import { SqsQueue, SqsStore } from '../../../node_modules/fauxqs/dist/sqs/sqsStore.js';
import { ACCOUNT, ANY_CREDENTIALS, type CallListener, callerOf, localArn, REGION, textOf, urlOf } from './local-aws.ts';

/** SQS in this process, in memory, on a free port of 127.0.0.1. */
export interface SqsServer {
  readonly url: string;
  readonly client: SQSClient;
  /** Makes a FIFO queue, and before it one for its dead letters when it is to have any; answers its URL. */
  createQueue(name: string, settings?: QueueSettings): Promise<string>;
  /** Removes the queue with its messages; those that were received are lost with it. */
  removeQueue(name: string): Promise<void>;
  /** Messages in the queue, received or not. */
  count(name: string): number;
  /** The URL of a queue by its name, as the clients of this server take it. */
  queueUrl(name: string): string;
  /** Lets the visibility time-out of everything received so far pass. */
  passVisibility(): void;
  stop(): Promise<void>;
}

export interface QueueSettings {
  readonly visibilitySeconds?: number;
  readonly deadLetters?: { readonly name: string; readonly maxReceiveCount: number };
}

type Received = ReturnType<SqsQueue['dequeue']>;

const dequeueStock = SqsQueue.prototype.dequeue;

/**
 * Correction of fauxqs 2.4.1: SQS gives several messages of one group with one receive, fauxqs one of each group, which hides whether a
 * consumer keeps a group's order. Takes them one by one, lifting the lock of the group it is at, and puts what became visible again into
 * its order first.
 */
SqsQueue.prototype.dequeue = function dequeue(max, visibilityTimeout, deadLetterQueueOf): Received {
  if (!this.isFifo()) return dequeueStock.call(this, max, visibilityTimeout, deadLetterQueueOf);
  this.processTimers();
  const groups = this.fifoMessages;
  const received: Received = [];
  // With the timers at rest nothing joins the one group that the stock code is shown.
  this.processTimers = () => {};
  try {
    for (const [group, messages] of [...groups]) {
      if (this.fifoLockedGroups.has(group)) continue;
      messages.sort((a, b) => ((a.sequenceNumber ?? '') < (b.sequenceNumber ?? '') ? -1 : 1));
      let taken = 0;
      while (received.length < max && messages.length > 0) {
        this.fifoLockedGroups.delete(group);
        this.fifoMessages = new Map([[group, messages]]);
        const one = dequeueStock.call(this, 1, visibilityTimeout, deadLetterQueueOf);
        if (one.length === 0) break;
        received.push(...one);
        taken += 1;
      }
      if (taken > 0) this.fifoLockedGroups.set(group, taken);
    }
  } finally {
    this.fifoMessages = groups;
    Reflect.deleteProperty(this, 'processTimers');
  }
  return received;
};

/** Starts fauxqs. Its own `startFauxqs` would listen on every address of the machine. */
export async function startSqsServer(onCall?: CallListener): Promise<SqsServer> {
  const sqsStore = new SqsStore();
  const app = buildApp({
    logger: false,
    defaultRegion: REGION,
    stores: { sqsStore, snsStore: new SnsStore(), s3Store: new S3Store() },
  });
  app.addHook('preHandler', async ({ headers, body }) => {
    onCall?.({
      caller: callerOf(headers.authorization),
      // IAM knows no batches.
      action: `sqs:${String(headers['x-amz-target'])
        .split('.')[1]
        ?.replace(/Batch$/, '')}`,
      resource: localArn('sqs', textOf(body, 'QueueUrl').split('/').at(-1) ?? ''),
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = urlOf(app.server);
  const client = new SQSClient({ endpoint: url, region: REGION, credentials: ANY_CREDENTIALS });
  const queueUrl = (name: string): string => `${url}/${ACCOUNT}/${name}`;
  const create = async (name: string, attributes: Record<string, string>): Promise<void> => {
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes: { FifoQueue: 'true', ...attributes } }));
  };

  return {
    url,
    client,
    queueUrl,
    async createQueue(name, { visibilitySeconds = 360, deadLetters } = {}) {
      if (deadLetters !== undefined) await create(deadLetters.name, { VisibilityTimeout: String(visibilitySeconds) });
      const redrive = deadLetters && {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${deadLetters.name}`,
          maxReceiveCount: deadLetters.maxReceiveCount,
        }),
      };
      await create(name, { VisibilityTimeout: String(visibilitySeconds), ...redrive });
      return queueUrl(name);
    },
    async removeQueue(name) {
      await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl(name) }));
    },
    count(name) {
      const queue = sqsStore.getQueueByName(name);
      if (queue === undefined) return 0;
      const waiting = [...queue.fifoMessages.values()].reduce((sum, messages) => sum + messages.length, 0);
      return waiting + queue.inflightMessages.size;
    },
    passVisibility() {
      for (const queue of sqsStore.allQueues()) {
        for (const entry of queue.inflightMessages.values()) entry.visibilityDeadline = 0;
      }
    },
    async stop() {
      client.destroy();
      await app.close();
    },
  };
}
