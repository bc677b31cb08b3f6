import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import {
  type DeadLetterQueue,
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
} from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { COPIERS_PER_LANE } from '../../lib/config/lanes.ts';
import type { SyncFunction } from './sync-function.ts';

/** Longer than a copy may take (5 minutes), so that no object is ever copied twice at a time. */
const VISIBILITY = Duration.minutes(6);

/** What one mapping hands over at a time; FIFO queues give no more. */
const BATCH_SIZE = 10;

/** What differs from queue to queue. */
export interface FifoQueueProps {
  readonly queueName: string;
  readonly retentionPeriod: Duration;
  readonly deadLetterQueue?: DeadLetterQueue;
  readonly key?: IKey;
}

/** A FIFO queue of copy messages, whose groups are ordered by themselves. */
export class FifoQueue extends Queue {
  constructor(scope: Construct, id: string, { key, ...props }: FifoQueueProps) {
    super(scope, id, {
      ...props,
      fifo: true,
      contentBasedDeduplication: false,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      visibilityTimeout: VISIBILITY,
      enforceSSL: true,
      encryption: key === undefined ? QueueEncryption.SQS_MANAGED : QueueEncryption.KMS,
      encryptionMasterKey: key,
    });
  }

  /** Lets the function work on the messages. It may read the queue by its name: see `SyncFunctions`. */
  handTo(target: SyncFunction, scope: Construct, id: string): void {
    new EventSourceMapping(scope, id, {
      target: target.function,
      eventSourceArn: this.queueArn,
      batchSize: BATCH_SIZE,
      reportBatchItemFailures: true,
      maxConcurrency: COPIERS_PER_LANE,
    });
  }
}
