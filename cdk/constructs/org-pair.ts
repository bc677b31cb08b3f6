import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import {
  type IScheduleGroup,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { OrganizationPair } from '../../lib/config/organization-pair.ts';
import { pairMetric } from '../metrics.ts';
import { scheduleMinutes } from '../poll-rate.ts';
import { printableName } from '../printable-name.ts';
import { type AlarmReceivers, RunbookAlarm } from './runbook-alarm.ts';
import type { SyncFunction } from './sync-function.ts';

/** A minute that cannot start is dropped: the next one finds the same changes. 60 s is the least that AWS takes. */
const MOST_EVENT_AGE = Duration.seconds(60);

/** An alarm looks back so far at least, so that a poll that is dropped or slow does not end it. */
const LEAST_MINUTES = 5;

/** A pair, and what it shares with the others. */
export interface OrgPairProps {
  readonly stackName: string;
  readonly pair: OrganizationPair;
  readonly poller: SyncFunction;
  readonly schedules: IScheduleGroup;
  /** Lets EventBridge invoke the poller. */
  readonly schedulerRole: IRole;
  readonly receivers: AlarmReceivers;
  /** Begins the names of alarms; unique among the templates of a stack. */
  readonly namePrefix: string;
}

/** The schedule and the alarm of one organization pair. */
export class OrgPair extends Construct {
  constructor(scope: Construct, id: string, props: OrgPairProps) {
    super(scope, id);
    const { pair } = props;
    const schedule = new Schedule(this, 'Schedule', {
      description: `Polls ${printableName(pair.name)}`,
      schedule: ScheduleExpression.rate(Duration.minutes(scheduleMinutes(pair.settings.pollSeconds))),
      timeWindow: TimeWindow.off(),
      scheduleGroup: props.schedules,
      target: new LambdaInvoke(props.poller.function, {
        role: props.schedulerRole,
        input: ScheduleTargetInput.fromObject({ pair: pair.name }),
        retryAttempts: 0,
        maxEventAge: MOST_EVENT_AGE,
      }),
    });
    // It names its group, which does not make it wait for it.
    schedule.node.addDependency(props.schedules);
    new RunbookAlarm(this, 'NeedsAttention', {
      alarmName: `${props.namePrefix}: ${printableName(pair.name)} needs attention`,
      section: 'pair-needs-attention',
      sentence: `The organization pair ${printableName(pair.name)} has objects that wait for more than 30 minutes, parked objects, deletes held, a server that cannot be used or polls that get no turn.`,
      receivers: props.receivers,
      metric: pairMetric(props.stackName, pair.name, 'NeedsAttention').with({ period: Duration.minutes(1) }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Of two polls one must say it. Without data CloudWatch goes on with the last that it has, for some periods: so these are short.
      evaluationPeriods: Math.max(LEAST_MINUTES, 2 * scheduleMinutes(pair.settings.pollSeconds)),
      datapointsToAlarm: 1,
      // A poll that is content says nothing. Whether polls happen at all is another alarm's.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
