import { Duration, Stack } from 'aws-cdk-lib';
import {
  type AlarmProps,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  LogQueryWidget,
  MathExpression,
  type Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { FUNCTION_NAMES, FUNCTION_TABLE } from '../function-table.ts';
import { METRICS_NAMESPACE, messagesParked, schedulesDropped } from '../metrics.ts';
import type { Lane } from './lane.ts';
import { type AlarmReceivers, RunbookAlarm, type RunbookSection } from './runbook-alarm.ts';
import type { SyncFunctions } from './sync-functions.ts';

/** Long enough for five firings of a schedule, so that a deployment or a slow minute tells nobody. */
const LEAST_SILENCE_MINUTES = 5;

/** What is watched, and who is told. */
export interface MonitoringProps {
  readonly stackName: string;
  readonly functions: SyncFunctions;
  readonly table: ITableV2;
  readonly lanes: readonly Lane[];
  readonly deadLetters: IQueue;
  readonly scheduleGroup: string;
  /** Of the schedule that fires most often. */
  readonly shortestScheduleMinutes: number;
  readonly receivers: AlarmReceivers;
}

/** The alarms that belong to the stack as a whole, and its dashboard; those of one pair are in `org-pair.ts`. */
export class Monitoring extends Construct {
  readonly dashboard: Dashboard;
  readonly #props: MonitoringProps;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.#props = props;
    this.#addAlarms();
    // Dashboards belong to the account: a stack of the same name in another region would take its place.
    this.dashboard = new Dashboard(this, 'Dashboard', { dashboardName: `${props.stackName}-${Stack.of(this).region}` });
    this.#addWidgets();
  }

  #addAlarms(): void {
    const { stackName, functions, scheduleGroup, shortestScheduleMinutes } = this.#props;
    this.#alarm('nothing-is-polled', {
      sentence: 'The poller was not started, so no organization pair is followed.',
      // Before it believes that data is missing CloudWatch looks some periods further back: short ones make it notice soon.
      metric: functions.of('poller').function.metricInvocations({ period: Duration.minutes(1) }),
      evaluationPeriods: Math.max(LEAST_SILENCE_MINUTES, 3 * shortestScheduleMinutes),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      // A stopped pair is polled too, and its poll ends at once: silence is a fault, whoever was stopped.
      treatMissingData: TreatMissingData.BREACHING,
    });
    this.#alarm('schedules-are-dropped', {
      sentence: 'EventBridge could not start polls of one or more organization pairs.',
      metric: schedulesDropped(scheduleGroup),
      // A single dropped minute is made good by the next one.
      evaluationPeriods: 3,
    });
    this.#alarm('functions-fail', {
      sentence: 'A Lambda function ended with an error or ran out of time.',
      metric: this.#sumOverFunctions('Errors'),
      // One crash is made good by the next poll or delivery; two periods out of three are a fault.
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
    });
    this.#alarm('functions-are-throttled', {
      sentence: 'The account has no room for more Lambda functions at a time.',
      metric: this.#sumOverFunctions('Throttles'),
      evaluationPeriods: 3,
    });
    this.#alarm('messages-are-parked', {
      sentence:
        'Copiers crashed on messages, or could not be started, until these went to the dead letter queue, and their objects were parked.',
      metric: messagesParked(stackName),
    });
    this.#alarm('the-parker-fails', {
      sentence:
        'Messages of the dead letter queue cannot be parked, so their objects look as if they were on their way.',
      metric: functions.of('parker').function.metricErrors({ period: Duration.minutes(5) }),
    });
  }

  #alarm(
    section: RunbookSection,
    props: Partial<AlarmProps> & { readonly sentence: string; readonly metric: IMetric },
  ): void {
    new RunbookAlarm(this, section, {
      alarmName: `${this.#props.stackName}: ${section.replaceAll('-', ' ')}`,
      section,
      receivers: this.#props.receivers,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
    });
  }

  #sumOverFunctions(metricName: 'Errors' | 'Throttles'): MathExpression {
    const metrics = FUNCTION_NAMES.map((name): [string, IMetric] => [
      name,
      this.#props.functions.of(name).function.metric(metricName, { statistic: Stats.SUM }),
    ]);
    return new MathExpression({
      label: metricName,
      expression: `SUM([${FUNCTION_NAMES.join(', ')}])`,
      usingMetrics: Object.fromEntries(metrics),
      period: Duration.minutes(5),
    });
  }

  #addWidgets(): void {
    const { stackName, functions, table, lanes, deadLetters } = this.#props;
    const ofPairs = (metricName: string): IMetric =>
      search(`{${METRICS_NAMESPACE},pair,service} service="${stackName}" MetricName="${metricName}"`, Stats.MAXIMUM);
    const ofQueue = (queue: IQueue, metricName: string, statistic: string): IMetric =>
      queue.metric(metricName, { statistic, label: queue.queueName });
    const ofLanes = (metricName: string, statistic: string): IMetric[] =>
      lanes.map(({ queue }) => ofQueue(queue, metricName, statistic));
    const ofFunctions = (metricName: string, statistic: string): IMetric[] =>
      FUNCTION_NAMES.map((name) => functions.of(name).function.metric(metricName, { statistic, label: name }));
    const ofTable = (metricName: string): Metric => table.metric(metricName, { statistic: Stats.SUM });
    const graph = (title: string, ...left: IMetric[]): GraphWidget =>
      new GraphWidget({ title, left, width: 8, height: 6 });
    this.dashboard.addWidgets(
      graph('Lag of each pair (seconds)', ofPairs('LagSeconds')),
      graph('Pairs that need attention', ofPairs('NeedsAttention')),
      graph('Backlog of each lane (messages)', ...ofLanes('ApproximateNumberOfMessagesVisible', Stats.MAXIMUM)),
      graph('Messages that copiers took', ...ofLanes('NumberOfMessagesDeleted', Stats.SUM)),
      graph('Dead letters (messages)', ofQueue(deadLetters, 'ApproximateNumberOfMessagesVisible', Stats.MAXIMUM)),
      graph('Errors', ...ofFunctions('Errors', Stats.SUM)),
      graph('Throttles', ...ofFunctions('Throttles', Stats.SUM)),
      graph('Duration (ms, the slowest of 100)', ...ofFunctions('Duration', 'p99')),
      graph('At a time', ...ofFunctions('ConcurrentExecutions', Stats.MAXIMUM)),
    );
    this.dashboard.addWidgets(
      new LogQueryWidget({
        title: 'Requests to each Chef server',
        width: 24,
        height: 6,
        logGroupNames: FUNCTION_NAMES.filter((name) => FUNCTION_TABLE[name].talksToChef).map(
          (name) => functions.of(name).logGroup.logGroupName,
        ),
        queryLines: [
          'filter ispresent(server)',
          'stats sum(requests) as requests, sum(failures) as failures by server, bin(5m)',
        ],
      }),
    );
    this.dashboard.addWidgets(
      graph('Cost: Lambda milliseconds', ...ofFunctions('Duration', Stats.SUM)),
      graph('Cost: table units', ofTable('ConsumedReadCapacityUnits'), ofTable('ConsumedWriteCapacityUnits')),
      graph(
        'Cost: empty receives',
        ...ofLanes('NumberOfEmptyReceives', Stats.SUM),
        ofQueue(deadLetters, 'NumberOfEmptyReceives', Stats.SUM),
      ),
      graph('Cost: bytes of logs', ...FUNCTION_NAMES.map((name) => functions.of(name).logGroup.metricIncomingBytes())),
    );
  }
}

/** A graph of whatever matches: pairs come and go without a change of the dashboard. */
const search = (query: string, statistic: string): IMetric =>
  new MathExpression({ expression: `SEARCH('${query}', '${statistic}', 300)`, label: '' });
