import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** Numbers for alarms and graphs. Two of a pair and no more: each costs 0.30 $ a month, everything else is a field of a log line. */
export interface PairMetrics {
  readonly lagMs: number;
  readonly needsAttention: boolean;
}

/**
 * Writes a pair's metrics in CloudWatch's embedded format, which costs no call. `NeedsAttention` is written only while it is 1: CloudWatch is
 * paid for the hours in which a metric is written, and its alarm takes silence for well.
 */
export function publishPairMetrics(metrics: Metrics, pair: string, { lagMs, needsAttention }: PairMetrics): void {
  metrics.addDimension('pair', pair);
  metrics.addMetric('LagSeconds', MetricUnit.Seconds, Math.round(lagMs / 1000));
  if (needsAttention) metrics.addMetric('NeedsAttention', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}

/** Counts messages that were taken from the dead letter queue, over all pairs of the stack. */
export function publishMessagesParked(metrics: Metrics, messages: number): void {
  metrics.addMetric('MessagesParked', MetricUnit.Count, messages);
  metrics.publishStoredMetrics();
}
