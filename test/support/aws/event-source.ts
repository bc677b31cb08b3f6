import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { localArn, REGION } from './local-aws.ts';

/** A Lambda function that takes batches of a queue. */
export type BatchHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** A context with that much time left, which runs out as on AWS. */
export function lambdaContext(functionName: string, timeoutSeconds = 300): Context {
  const endsAt = Date.now() + timeoutSeconds * 1000;
  return {
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: localArn('lambda', `function:${functionName}`),
    memoryLimitInMB: '1024',
    awsRequestId: crypto.randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => endsAt - Date.now(),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

/** An event source mapping with `ReportBatchItemFailures` on one queue. */
export interface EventSource {
  /** Receives one batch, hands it to the function, removes what did not fail. Answers how many messages it had. */
  once(handler: BatchHandler): Promise<number>;
  /** Receives one batch and loses the function that got it: nothing is removed. */
  lose(handler?: BatchHandler): Promise<number>;
  /** As `once`, until nothing comes any more. */
  drain(handler: BatchHandler): Promise<number>;
}

/** The mapping of the queue at `url`. */
export function eventSource({ client }: { readonly client: SQSClient }, url: string, batchSize = 10): EventSource {
  const receive = async (): Promise<readonly Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: batchSize,
      MessageSystemAttributeNames: ['All'],
    });
    return (await client.send(command)).Messages ?? [];
  };
  const invoke = async (handler: BatchHandler, messages: readonly Message[]): Promise<ReadonlySet<string>> => {
    const { batchItemFailures } = await handler(eventOf(messages, url), lambdaContext('copier'));
    return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  };
  const once = async (handler: BatchHandler): Promise<number> => {
    const messages = await receive();
    if (messages.length === 0) return 0;
    const failed = await invoke(handler, messages);
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    if (done.length > 0) await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    return messages.length;
  };
  return {
    once,
    async lose(handler) {
      const messages = await receive();
      if (handler !== undefined && messages.length > 0) await invoke(handler, messages);
      return messages.length;
    },
    async drain(handler) {
      let count = 0;
      for (;;) {
        const taken = await once(handler);
        if (taken === 0) return count;
        count += taken;
      }
    },
  };
}

function eventOf(messages: readonly Message[], url: string): SQSEvent {
  return {
    Records: messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      md5OfBody: MD5OfBody,
      attributes: {
        ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? '1',
        SentTimestamp: Attributes.SentTimestamp ?? '0',
        SenderId: Attributes.SenderId ?? 'local',
        ApproximateFirstReceiveTimestamp: Attributes.ApproximateFirstReceiveTimestamp ?? '0',
        MessageGroupId: Attributes.MessageGroupId,
        MessageDeduplicationId: Attributes.MessageDeduplicationId,
      },
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: localArn('sqs', url.split('/').at(-1) ?? ''),
      awsRegion: REGION,
    })),
  };
}
