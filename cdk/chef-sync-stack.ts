import {
  Aws,
  CfnCondition,
  CfnOutput,
  CfnParameter,
  Duration,
  Fn,
  RemovalPolicy,
  Stack,
  type StackProps,
  Tags,
  Validations,
} from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import type { AwsSettings } from '../lib/config/aws-schema.ts';
import { planLanes } from '../lib/config/lanes.ts';
import type { OrganizationPair } from '../lib/config/organization-pair.ts';
import { alarmActions } from './constructs/alarm-topic.ts';
import { ChefNetwork } from './constructs/chef-network.ts';
import { DeadLetters } from './constructs/dead-letters.ts';
import { Lane } from './constructs/lane.ts';
import { Monitoring } from './constructs/monitoring.ts';
import { addPairs } from './constructs/org-pairs.ts';
import { SchedulerRole } from './constructs/scheduler-role.ts';
import { SyncFunctions } from './constructs/sync-functions.ts';
import { SyncTable } from './constructs/sync-table.ts';
import { pairsByName } from './pairs-by-name.ts';
import { scheduleMinutes } from './poll-rate.ts';

/** What a stack is made from. */
export interface ChefSyncStackProps extends StackProps {
  /** Without a fault between them, as `loadConfig` answers them. */
  readonly pairs: readonly OrganizationPair[];
  readonly aws: AwsSettings;
  /** Folder of the bundles, as `bundleFunctions` leaves them. */
  readonly bundles: string;
  /** Address of the runbook in the texts of alarms. */
  readonly runbook?: string;
  /** The pairs are those of the example: the template is for reading, and cannot be deployed. */
  readonly isExample?: boolean;
}

/** Everything that keeps the replicas of one configuration equal to their primary. Several stand side by side in an account. */
export class ChefSyncStack extends Stack {
  constructor(scope: Construct, id: string, { aws, bundles, runbook, isExample, ...props }: ChefSyncStackProps) {
    super(scope, id, { description: 'Chef Replication: keeps replica organizations equal to their primary', ...props });
    const { stackName } = this;
    const pairs = pairsByName(props.pairs);
    const plan = planLanes(pairs);
    if (plan.problems.length > 0) throw new Error(plan.problems.map(({ sentence }) => sentence).join('\n'));
    Tags.of(this).add('application', 'chef-sync');
    Tags.of(this).add('chef-sync:stack', stackName);

    const key = aws.kmsKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', aws.kmsKeyArn);
    const network = aws.network && new ChefNetwork(this, 'Network', aws.network);
    const table = new SyncTable(this, 'State', { key });
    const functions = new SyncFunctions(this, 'Functions', {
      stackName,
      bundles,
      table,
      network,
      key,
      keySecrets: keySecrets(pairs),
    });
    const [poller, copier, parker] = [functions.of('poller'), functions.of('copier'), functions.of('parker')];
    // A minute that cannot start is dropped: retried, it would only meet the next one.
    poller.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.seconds(60) });
    // Whoever waits for a job asks again for a slice that does not begin, or that ended with an error.
    functions.of('inspector').function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.seconds(60) });
    const { queue: deadLetters } = new DeadLetters(this, 'DeadLetters', { stackName, parker, key });
    const lanes = plan.lanes.map(
      (lane) => new Lane(this, `Lane${lane.name}`, { stackName, lane, copier, deadLetters, key }),
    );
    const schedules = new ScheduleGroup(this, 'Schedules', {
      scheduleGroupName: stackName,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const { role: schedulerRole } = new SchedulerRole(this, 'Scheduler', { schedules, poller });
    const receivers = { actions: alarmActions(this, aws.alarms, key), runbook: runbook ?? 'docs/runbook.md' };
    addPairs(this, pairs, { stackName, poller, schedules, schedulerRole, receivers });
    const { dashboard } = new Monitoring(this, 'Monitoring', {
      stackName,
      functions,
      table: table.table,
      lanes,
      deadLetters,
      scheduleGroup: schedules.scheduleGroupName,
      shortestScheduleMinutes: Math.min(...pairs.map(({ settings }) => scheduleMinutes(settings.pollSeconds))),
      receivers,
    });

    new CfnOutput(this, 'StatusFunction', { value: functions.of('status').function.functionName });
    new CfnOutput(this, 'ControlFunction', { value: functions.of('control').function.functionName });
    new CfnOutput(this, 'TableName', { value: table.table.tableName });
    new CfnOutput(this, 'DashboardUrl', { value: dashboardUrl(this, dashboard.dashboardName) });
    if (isExample === true) refuseDeployment(this);
  }
}

/** Names of the secrets with Chef keys, each once. Keys in files are refused before: they are not for AWS. */
const keySecrets = (pairs: readonly OrganizationPair[]): readonly string[] => [
  ...new Set(
    pairs
      .flatMap(({ primary, replica }) => [primary.key, replica.key])
      .flatMap((key) => ('secret' in key ? [key.secret] : [])),
  ),
];

/** Where the console is outside of the commercial partition. `AWS::URLSuffix` does not tell: it is the domain of services. */
const CONSOLES: Readonly<Record<string, string>> = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/** Synthesis knows no region, so CloudFormation chooses the console when it deploys. */
function dashboardUrl(stack: Stack, name: string): string {
  const console = Object.entries(CONSOLES).reduce((otherwise, [partition, domain]) => {
    const expression = Fn.conditionEquals(Aws.PARTITION, partition);
    const { logicalId } = new CfnCondition(stack, `Is${partition.replaceAll('-', '')}`, { expression });
    return Fn.conditionIf(logicalId, domain, otherwise).toString();
  }, 'console.aws.amazon.com');
  return `https://${console}/cloudwatch/home?region=${stack.region}#dashboards/dashboard/${name}`;
}

/** A parameter without a value stops `cdk deploy` before it changes anything, and names itself as the reason. */
function refuseDeployment(stack: Stack): void {
  new CfnParameter(stack, 'ThisIsTheExampleNameYoursWithContextConfig', {
    description: 'Made from the example configuration. Deploy yours: npx cdk deploy -c config=FILE',
    allowedValues: ['the example cannot be deployed'],
  });
  Validations.of(stack).acknowledge({
    id: 'CloudFormation-Validate::W2001',
    reason: 'No resource needs the parameter: that it has no value is its whole use.',
  });
}
