import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { COPIERS_PER_LANE, type Lane as PlannedLane } from '../../lib/config/lanes.ts';
import type { SyncFunction } from './sync-function.ts';

/** Longer than a copy may take (5 minutes), so that no object is ever copied twice at a time. */
const VISIBILITY = Duration.minutes(6);

/**
 * Deliveries before a message is parked. Copiers acknowledge failures too, as the ledger owns the retries, so a message
 * comes again only after a crash; three in a row are no accident.
 */
const MAX_RECEIVE_COUNT = 3;

/** What one mapping hands over at a time; FIFO queues give no more. */
const BATCH_SIZE = 10;

/** A lane of the plan, and who works on it. */
export interface LaneProps {
  readonly stackName: string;
  readonly lane: PlannedLane;
  readonly copier: SyncFunction;
  readonly parker: SyncFunction;
  readonly key?: IKey;
}

/** One FIFO queue from poller to copiers, and the FIFO queue in which the parker finds what they could not take. */
export class Lane extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string, { stackName, lane, copier, parker, key }: LaneProps) {
    super(scope, id);
    const settings = {
      fifo: true,
      contentBasedDeduplication: false,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      visibilityTimeout: VISIBILITY,
      enforceSSL: true,
      encryption: key === undefined ? QueueEncryption.SQS_MANAGED : QueueEncryption.KMS,
      encryptionMasterKey: key,
    };
    this.deadLetterQueue = new Queue(this, 'DeadLetters', {
      ...settings,
      queueName: `${stackName}-dead-${lane.name}.fifo`,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      ...settings,
      queueName: `${stackName}-lane-${lane.name}.fifo`,
      // The ledger sends again what was lost, so nothing depends on an older message.
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
    // Functions may read the queues by their names: a grant for each would outgrow a role's policy at some 100 lanes.
    this.#map('Copier', this.queue, copier);
    this.#map('Parker', this.deadLetterQueue, parker);
  }

  #map(id: string, queue: Queue, target: SyncFunction): void {
    new EventSourceMapping(this, id, {
      target: target.function,
      eventSourceArn: queue.queueArn,
      batchSize: BATCH_SIZE,
      reportBatchItemFailures: true,
      maxConcurrency: COPIERS_PER_LANE,
    });
  }
}
