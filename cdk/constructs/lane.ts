import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Lane as PlannedLane } from '../../lib/config/lanes.ts';
import { FifoQueue } from './fifo-queue.ts';
import type { SyncFunction } from './sync-function.ts';

/**
 * Deliveries before a message is parked. Copiers acknowledge failures too, as the ledger owns the retries, so a message
 * comes again only after a crash, or when Lambda had no room to start a copier, which counts as a delivery too. AWS advises
 * five at least, so that a bootstrap in an account with little room parks nothing that is well.
 */
const MAX_RECEIVE_COUNT = 5;

/** A lane of the plan, who works on it, and where its dead letters go. */
export interface LaneProps {
  readonly stackName: string;
  readonly lane: PlannedLane;
  readonly copier: SyncFunction;
  readonly deadLetters: IQueue;
  readonly key?: IKey;
}

/** One FIFO queue from poller to copiers. */
export class Lane extends Construct {
  readonly queue: FifoQueue;

  constructor(scope: Construct, id: string, { stackName, lane, copier, deadLetters, key }: LaneProps) {
    super(scope, id);
    this.queue = new FifoQueue(this, 'Queue', {
      queueName: `${stackName}-lane-${lane.name}.fifo`,
      // The ledger sends again what was lost, so nothing depends on an older message.
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
      key,
    });
    this.queue.handTo(copier, this, 'Copier');
  }
}
