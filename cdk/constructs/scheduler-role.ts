import { Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { SyncFunction } from './sync-function.ts';

/** The schedules, and what they start. */
export interface SchedulerRoleProps {
  readonly schedules: IScheduleGroup;
  readonly poller: SyncFunction;
}

/** Lets the schedules of this stack, and no others of the account, start the poller; all pairs share it. */
export class SchedulerRole extends Construct {
  /** Cannot be given more: a schedule would add every version of the function. */
  readonly role: IRole;

  constructor(scope: Construct, id: string, { schedules, poller }: SchedulerRoleProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      description: `Lets the schedules of ${Stack.of(this).stackName} start its poller`,
      // Against confused deputies: EventBridge serves every account with the same principal.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account, 'aws:SourceArn': schedules.scheduleGroupArn },
        },
      }),
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [poller.function.functionArn] }),
    );
    this.role = role.withoutPolicyUpdates();
  }
}
