import { Alarm, type AlarmProps, type IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/** Sections of `docs/runbook.md`, by the anchors of their headings. */
export type RunbookSection =
  | 'pair-needs-attention'
  | 'nothing-is-polled'
  | 'schedules-are-dropped'
  | 'functions-fail'
  | 'functions-are-throttled'
  | 'messages-are-parked'
  | 'the-parker-fails';

/** Whom alarms tell, and where they send the reader. */
export interface AlarmReceivers {
  /** Empty: alarms only show in the console. */
  readonly actions: readonly IAlarmAction[];
  /** Address of the runbook; its path in the project when none is given. */
  readonly runbook: string;
}

/** What an alarm of CloudWatch needs, and its section of the runbook. */
export interface RunbookAlarmProps extends Omit<AlarmProps, 'actionsEnabled' | 'alarmDescription'> {
  readonly section: RunbookSection;
  /** One sentence: what is wrong when the alarm is on. */
  readonly sentence: string;
  readonly receivers: AlarmReceivers;
}

/** An alarm whose text ends in the link to its section of the runbook; it tells of its end too. */
export class RunbookAlarm extends Alarm {
  constructor(scope: Construct, id: string, { section, sentence, receivers, ...props }: RunbookAlarmProps) {
    super(scope, id, { ...props, alarmDescription: `${sentence} ${receivers.runbook}#${section}` });
    if (receivers.actions.length === 0) return;
    this.addAlarmAction(...receivers.actions);
    this.addOkAction(...receivers.actions);
  }
}
