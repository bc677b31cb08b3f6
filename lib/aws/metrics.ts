import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** Numbers for alarms. Two of a pair and no more: each costs 0.30 $ a month, everything else is a field of a log line. */
export interface PairMetrics {
  readonly lagMs: number;
  readonly needsAttention: boolean;
}

/** Writes a pair's two metrics in CloudWatch's embedded format, which costs no call. */
export function publishPairMetrics(metrics: Metrics, pair: string, { lagMs, needsAttention }: PairMetrics): void {
  metrics.addDimension('pair', pair);
  metrics.addMetric('LagSeconds', MetricUnit.Seconds, Math.round(lagMs / 1000));
  metrics.addMetric('NeedsAttention', MetricUnit.Count, needsAttention ? 1 : 0);
  metrics.publishStoredMetrics();
}

/** Counts messages that were taken from a dead letter queue, over all pairs of the stack. */
export function publishMessagesParked(metrics: Metrics, messages: number): void {
  metrics.addMetric('MessagesParked', MetricUnit.Count, messages);
  metrics.publishStoredMetrics();
}
