import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { FifoQueue } from './fifo-queue.ts';
import type { SyncFunction } from './sync-function.ts';

/** Name of the queue, behind that of its stack. */
export const DEAD_LETTERS = 'dead-letters.fifo';

/** Who works on dead letters. */
export interface DeadLettersProps {
  readonly stackName: string;
  readonly parker: SyncFunction;
  readonly key?: IKey;
}

/**
 * The FIFO queue in which the parker finds what copiers could not take, of all lanes: Lambda asks every queue 15 times a minute, also
 * an empty one. Message groups keep the pairs apart.
 */
export class DeadLetters extends Construct {
  readonly queue: FifoQueue;

  constructor(scope: Construct, id: string, { stackName, parker, key }: DeadLettersProps) {
    super(scope, id);
    this.queue = new FifoQueue(this, 'Queue', {
      queueName: `${stackName}-${DEAD_LETTERS}`,
      retentionPeriod: Duration.days(14),
      key,
    });
    this.queue.handTo(parker, this, 'Parker');
  }
}
