import { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

/** Namespace of the project's own metrics (`POWERTOOLS_METRICS_NAMESPACE`). */
export const METRICS_NAMESPACE = 'ChefSync';

/** What the poller says of a pair after a poll; no pair has more metrics than these, because each has a price in every hour in which it is said. */
export type PairMetricName = 'LagSeconds' | 'NeedsAttention';

/** The highest value of a pair's metric; `service` is the stack, as Powertools calls it. */
export const pairMetric = (stackName: string, pair: string, metricName: PairMetricName): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: stackName, pair },
    statistic: Stats.MAXIMUM,
  });

/** Messages that the parker gave up, counted over 5 minutes, of all pairs of the stack. */
export const messagesParked = (stackName: string): Metric =>
  new Metric({
    namespace: METRICS_NAMESPACE,
    metricName: 'MessagesParked',
    dimensionsMap: { service: stackName },
    statistic: Stats.SUM,
    period: Duration.minutes(5),
  });

/** Firings that EventBridge gave up, over 5 minutes, of all schedules of the stack. */
export const schedulesDropped = (scheduleGroup: string): Metric =>
  new Metric({
    namespace: 'AWS/Scheduler',
    metricName: 'InvocationDroppedCount',
    dimensionsMap: { ScheduleGroup: scheduleGroup },
    statistic: Stats.SUM,
    period: Duration.minutes(5),
  });
