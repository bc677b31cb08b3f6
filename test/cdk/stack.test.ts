import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ChefSyncStack } from '../../cdk/chef-sync-stack.ts';
import { FUNCTION_NAMES, FUNCTION_TABLE, type FunctionRow } from '../../cdk/function-table.ts';
import type { AwsSettings } from '../../lib/config/aws-schema.ts';
import { COPIERS_PER_LANE, planLanes } from '../../lib/config/lanes.ts';
import { schemaProblems } from './schema-problems.ts';
import { createApp, manyPairs, type Synthesized, stubBundles, synthesize } from './stack-under-test.ts';

const EVERYTHING: AwsSettings = {
  kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  alarms: { email: 'operators@example.com' },
  network: {
    vpcId: 'vpc-0123456789abcdef0',
    subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    securityGroupIds: ['sg-0123456789abcdef0'],
    egress: 'endpoints',
    routeTableIds: ['rtb-0123456789abcdef0'],
  },
};

let bundles: string;
let minimal: Synthesized;
let full: Synthesized;
let large: Synthesized;

// Every synthesis takes seconds on a busy machine, so the tests share three.
beforeAll(() => {
  bundles = stubBundles();
  minimal = synthesize({ bundles });
  full = synthesize({ bundles, stackName: 'full', pairs: manyPairs(40, 4), aws: EVERYTHING });
  large = synthesize({ bundles, stackName: 'large', pairs: manyPairs(200, 4) });
});

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

/** A text of the template, as CloudFormation puts it together when it deploys. */
type Deployed =
  | string
  | { readonly Ref: string }
  | { readonly 'Fn::Join': readonly [string, readonly Deployed[]] }
  | { readonly 'Fn::If': readonly [string, Deployed, Deployed] };

const deployedSchema: z.ZodType<Deployed> = z.lazy(() =>
  z.union([
    z.string(),
    z.strictObject({ Ref: z.string() }),
    z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(deployedSchema)]) }),
    z.strictObject({ 'Fn::If': z.tuple([z.string(), deployedSchema, deployedSchema]) }),
  ]),
);

const conditionsSchema = z.object({
  Conditions: z.record(z.string(), z.strictObject({ 'Fn::Equals': z.tuple([deployedSchema, deployedSchema]) })),
});

const dashboardsSchema = z.record(z.string(), z.object({ DashboardName: deployedSchema }));

const reportSchema = z.object({ pluginReports: z.array(z.object({ violations: z.array(z.unknown()) })) });

const resourcesOf = (template: Template) => templateSchema.parse(template.toJSON()).Resources;

/** The properties of every resource of a type, by logical id. */
const propertiesOf = (template: Template, type: string): Record<string, Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(template.findResources(type)).map(([id, resource]) => [id, resource['Properties'] ?? {}]),
  );

describe('the schedule of a pair', () => {
  test('starts the poller with the name of the pair, in the very minute, and drops what cannot start', () => {
    minimal.template.resourceCountIs('AWS::Scheduler::Schedule', 1);
    minimal.template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      GroupName: 'chef-sync',
      State: 'ENABLED',
      Target: {
        Arn: Match.objectLike({ 'Fn::GetAtt': [Match.stringLikeRegexp('poller'), 'Arn'] }),
        Input: JSON.stringify({ pair: 'r0/org0' }),
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
    minimal.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('poller') },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  test.each([
    [10, 'rate(1 minute)'],
    [90, 'rate(2 minutes)'],
    [300, 'rate(5 minutes)'],
  ])('of %i seconds is %s, as EventBridge knows whole minutes only', (pollSeconds, rate) => {
    const { template } = synthesize({ bundles, pairs: manyPairs(1, 1, `, pollSeconds: ${pollSeconds}`) });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: rate });
  });

  test('waits for its group, and its role trusts that group alone', () => {
    const [group] = Object.keys(minimal.template.findResources('AWS::Scheduler::ScheduleGroup'));
    minimal.template.hasResource('AWS::Scheduler::Schedule', { DependsOn: Match.arrayWith([group]) });
    minimal.template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: {
                'aws:SourceAccount': { Ref: 'AWS::AccountId' },
                'aws:SourceArn': { 'Fn::GetAtt': [group, 'Arn'] },
              },
            },
          },
        ],
      },
    });
  });
});

describe('a lane', () => {
  test('E3.8 is a FIFO queue whose messages outlast a copy and end in a FIFO queue of dead letters', () => {
    const [lane] = planLanes(manyPairs(1)).lanes;
    minimal.template.resourceCountIs('AWS::SQS::Queue', 2);
    minimal.template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: `chef-sync-lane-${lane?.name}.fifo`,
      FifoQueue: true,
      ContentBasedDeduplication: false,
      VisibilityTimeout: 360,
      RedrivePolicy: { deadLetterTargetArn: Match.anyValue(), maxReceiveCount: 5 },
    });
    minimal.template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'chef-sync-dead-letters.fifo',
      FifoQueue: true,
      MessageRetentionPeriod: 14 * 24 * 3600,
    });
    minimal.template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'chef-sync-copier', Timeout: 300 });
  });

  test('shares the queue of dead letters with all others, because Lambda asks every queue all the time', () => {
    const queues = Object.values(propertiesOf(full.template, 'AWS::SQS::Queue')).map(({ QueueName }) =>
      String(QueueName),
    );
    expect(queues.filter((name) => name.includes('-lane-')).length).toBeGreaterThan(1);
    expect(queues.filter((name) => !name.includes('-lane-'))).toEqual(['full-dead-letters.fifo']);
  });

  test.each(['copier', 'parker'])(
    'is emptied by the %s in batches of 10 that may fail in part, without waiting',
    (name) => {
      minimal.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        FunctionName: { Ref: Match.stringLikeRegexp(name) },
        BatchSize: 10,
        MaximumBatchingWindowInSeconds: Match.absent(),
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 2 },
      });
    },
  );

  test.each([1, 40, 200])('of %i pairs: no server, the primary neither, gets more requests than it bears', (count) => {
    const pairs = manyPairs(count, Math.min(4, count));
    const plan = planLanes(pairs);
    expect(plan.problems).toEqual([]);
    for (const { url, requestsInFlight } of new Set(pairs.flatMap((pair) => [pair.primary, pair.replica]))) {
      const touching = plan.lanes.filter((lane) =>
        pairs.some((pair) => lane.pairs.includes(pair.name) && [pair.primary.url, pair.replica.url].includes(url)),
      );
      const polls = plan.polls.get(new URL(url).origin);
      const copies = touching.reduce((sum, lane) => sum + COPIERS_PER_LANE * lane.requestsPerCopier, 0);
      expect(
        copies + (polls?.slots ?? 0) * (polls?.requestsPerPoll ?? 0) + (polls?.requestsPerJob ?? 0),
      ).toBeLessThanOrEqual(requestsInFlight);
      expect(copies).toBeGreaterThan(0);
    }
  });

  test('is shared by pairs of a replica when there are more than the servers bear, and there are no more lanes than planned', () => {
    const queues = Object.values(propertiesOf(full.template, 'AWS::SQS::Queue')).filter(({ QueueName }) =>
      String(QueueName).startsWith('full-lane-'),
    );
    expect(queues.length).toBe(planLanes(manyPairs(40, 4)).lanes.length);
    expect(queues.length).toBeLessThan(40);
  });

  test('that a server cannot bear stops the synthesis with the number that it needs', () => {
    const pairs = manyPairs(2, 2).map((pair) => ({ ...pair, primary: { ...pair.primary, requestsInFlight: 2 } }));
    expect(() => synthesize({ bundles, pairs })).toThrow(
      /primary\.example\.com takes part in 2 lanes.*raise its `requestsInFlight`/,
    );
  });
});

describe('the table', () => {
  test('E3.24 is paid by request, survives mistakes, forgets what expired, and has the local index of what is unsynced', () => {
    minimal.template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: 'unsynced',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'unsynced', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        Replicas: [
          Match.objectLike({
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          }),
        ],
      },
    });
  });
});

describe('every function', () => {
  test('runs on Node 24 and arm64, under a name that begins with the stack, with a role of its own', () => {
    const functions = Object.values(propertiesOf(minimal.template, 'AWS::Lambda::Function'));
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      FUNCTION_NAMES.map((name) => `chef-sync-${name}`).sort(),
    );
    for (const fn of functions)
      expect(fn).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
    expect(new Set(functions.map(({ Role }) => JSON.stringify(Role))).size).toBe(functions.length);
  });

  test('writes to a log group that forgets after a month', () => {
    for (const name of FUNCTION_NAMES) {
      minimal.template.hasResource('AWS::Logs::LogGroup', {
        DeletionPolicy: 'Delete',
        Properties: { LogGroupName: `/aws/lambda/chef-sync-${name}`, RetentionInDays: 30 },
      });
    }
    minimal.template.resourceCountIs('AWS::Logs::LogGroup', FUNCTION_NAMES.length);
  });

  test('knows table, configuration and stack, and keeps far below 4 KB of environment', () => {
    for (const { Environment } of Object.values(propertiesOf(large.template, 'AWS::Lambda::Function'))) {
      expect(Environment).toMatchObject({
        Variables: {
          CHEF_SYNC_TABLE: expect.anything(),
          CHEF_SYNC_CONFIG: 'chef-sync.json',
          POWERTOOLS_SERVICE_NAME: 'large',
          POWERTOOLS_METRICS_NAMESPACE: 'ChefSync',
        },
      });
      expect(JSON.stringify(Environment).length).toBeLessThan(2048);
    }
  });

  test('reads Chef keys by the names of their secrets if it talks to Chef, and none otherwise', () => {
    const readers = Object.entries(propertiesOf(minimal.template, 'AWS::IAM::Policy'))
      .filter(([, policy]) => JSON.stringify(policy).includes('secretsmanager:'))
      .map(([id]) => FUNCTION_NAMES.find((name) => id.startsWith(`Functions${name}`)));
    expect(readers.sort()).toEqual(['copier', 'inspector', 'poller']);
    const policies = JSON.stringify(minimal.template.findResources('AWS::IAM::Policy'));
    expect(policies).toContain(':secret:chef-sync/primary-??????');
    expect(policies).toContain(':secret:chef-sync/r0-??????');
    minimal.template.resourceCountIs('AWS::SecretsManager::Secret', 1);
  });
});

test.each(FUNCTION_NAMES)('the guide to the functions has the calls, the time and the memory of the %s', (name) => {
  const guide = readFileSync('functions/README.md', 'utf8');
  const row: FunctionRow = FUNCTION_TABLE[name];
  const query = row.queriesUnsynced === true ? 'Query (table and index)' : 'Query (table)';
  const calls = row.tableCalls.map((call) => (call === 'Query' ? query : call)).join(', ');

  expect(guide).toContain(`| ${name} | ${calls} |`);
  expect(guide).toMatch(new RegExp(`^\\| \`${name}\` .* \\| ${row.timeoutSeconds} s \\| ${row.memoryMb} MB \\|$`, 'm'));
});

describe('the network', () => {
  test('is that of the configuration for functions that talk to Chef, and none for the others', () => {
    for (const { FunctionName, VpcConfig } of Object.values(propertiesOf(full.template, 'AWS::Lambda::Function'))) {
      const isInside = ['full-poller', 'full-copier', 'full-inspector'].includes(String(FunctionName));
      const own = { SubnetIds: EVERYTHING.network?.subnetIds, SecurityGroupIds: EVERYTHING.network?.securityGroupIds };
      expect(VpcConfig, String(FunctionName)).toEqual(isInside ? own : undefined);
    }
  });

  test('gets endpoints for DynamoDB, SQS and Secrets Manager that the functions may enter', () => {
    const services = Object.values(propertiesOf(full.template, 'AWS::EC2::VPCEndpoint')).map(
      ({ VpcEndpointType, ServiceName }) => `${VpcEndpointType} ${JSON.stringify(ServiceName).match(/\.(\w+)"/)?.[1]}`,
    );
    expect(services.sort()).toEqual(['Gateway dynamodb', 'Interface secretsmanager', 'Interface sqs']);
    full.template.hasResourceProperties('AWS::EC2::VPCEndpoint', { RouteTableIds: ['rtb-0123456789abcdef0'] });
    full.template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      SourceSecurityGroupId: 'sg-0123456789abcdef0',
      FromPort: 443,
      ToPort: 443,
    });
  });

  test('is never looked up', () => {
    expect(full.stack.node.findAll().length).toBeGreaterThan(100);
    expect(minimal.assembly.manifest.missing ?? []).toEqual([]);
    expect(full.assembly.manifest.missing ?? []).toEqual([]);
  });
});

test('a KMS key of the configuration encrypts table, queues, secret, logs, environment and topic', () => {
  const key = EVERYTHING.kmsKeyArn;
  const has = (type: string, properties: Record<string, unknown>) =>
    full.template.allResourcesProperties(type, properties);
  has('AWS::SQS::Queue', { KmsMasterKeyId: key });
  has('AWS::Logs::LogGroup', { KmsKeyId: key });
  has('AWS::Lambda::Function', { KmsKeyArn: key });
  has('AWS::SecretsManager::Secret', { KmsKeyId: key });
  has('AWS::SNS::Topic', { KmsMasterKeyId: key });
  has('AWS::DynamoDB::GlobalTable', {
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: key } })],
  });
});

test('everything that can be tagged names the application and the stack', () => {
  for (const type of ['AWS::Lambda::Function', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret', 'AWS::IAM::Role']) {
    minimal.template.allResourcesProperties(type, {
      Tags: Match.arrayWith([
        { Key: 'application', Value: 'chef-sync' },
        { Key: 'chef-sync:stack', Value: 'chef-sync' },
      ]),
    });
  }
});

test('the outputs name what an operator needs', () => {
  const outputs = minimal.template.findOutputs('*');
  expect(Object.keys(outputs).sort()).toEqual(['ControlFunction', 'DashboardUrl', 'StatusFunction', 'TableName']);
});

test.each([
  ['aws', 'eu-west-1', 'console.aws.amazon.com'],
  ['aws-cn', 'cn-north-1', 'console.amazonaws.cn'],
  ['aws-us-gov', 'us-gov-west-1', 'console.amazonaws-us-gov.com'],
])('the address of the dashboard leads to the console of the partition %s', (partition, region, domain) => {
  const { Conditions } = conditionsSchema.parse(minimal.template.toJSON());
  const dashboards = dashboardsSchema.parse(propertiesOf(minimal.template, 'AWS::CloudWatch::Dashboard'));
  const pseudo = new Map([
    ['AWS::Region', region],
    ['AWS::Partition', partition],
  ]);
  const textOf = (value: Deployed): string => {
    if (typeof value === 'string') return value;
    if ('Ref' in value) return pseudo.get(value.Ref) ?? textOf(dashboards[value.Ref]?.DashboardName ?? '');
    if ('Fn::Join' in value) return value['Fn::Join'][1].map(textOf).join('');
    const [condition, yes, no] = value['Fn::If'];
    const [a, b] = Conditions[condition]?.['Fn::Equals'] ?? ['', ''];
    return textOf(textOf(a) === textOf(b) ? yes : no);
  };
  const [output] = Object.values(minimal.template.findOutputs('DashboardUrl'));

  expect(textOf(deployedSchema.parse(output?.['Value']))).toBe(
    `https://${domain}/cloudwatch/home?region=${region}#dashboards/dashboard/chef-sync-${region}`,
  );
});

describe('alarms', () => {
  const alarmsOf = ({ templates }: Synthesized): Record<string, unknown>[] =>
    templates.flatMap((template) => Object.values(propertiesOf(template, 'AWS::CloudWatch::Alarm')));

  test('are one for each pair and six for the stack', () => {
    const names = alarmsOf(full).map(({ AlarmName }) => String(AlarmName));
    expect(names.filter((name) => name.endsWith('needs attention')).length).toBe(40);
    expect(names.length).toBe(46);
    expect(names).toContain('full: r3/org3 needs attention');
  });

  test('watch one metric of a pair, which is silent while the pair is well', () => {
    const perPair = alarmsOf(minimal).filter(({ AlarmName }) => String(AlarmName).endsWith('needs attention'));
    expect(perPair).toEqual([
      expect.objectContaining({ MetricName: 'NeedsAttention', TreatMissingData: 'notBreaching', Threshold: 1 }),
    ]);
  });

  test('stand beside a dashboard that counts the requests of polls, copies and jobs to each server', () => {
    const [dashboard] = Object.values(propertiesOf(minimal.template, 'AWS::CloudWatch::Dashboard'));
    const body = JSON.stringify(dashboard);
    for (const name of FUNCTION_NAMES) {
      const isAsked = new RegExp(`SOURCE[^|]*Functions${name}Log`).test(body);
      expect(isAsked, name).toBe(FUNCTION_TABLE[name].talksToChef);
    }
  });

  test('leave the lag of every pair to the dashboard', () => {
    const [dashboard] = Object.values(propertiesOf(minimal.template, 'AWS::CloudWatch::Dashboard'));
    expect(JSON.stringify(dashboard)).toContain('LagSeconds');
  });

  test('ring when nothing is polled and there is no data at all', () => {
    minimal.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'chef-sync: nothing is polled',
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    });
  });

  test('link to sections of the runbook that say what it means, why, how to look and what to do', () => {
    const runbook = readFileSync('docs/runbook.md', 'utf8');
    const sections = new Map(
      runbook
        .split(/^## /m)
        .slice(1)
        .map((text) => [(text.split('\n', 1)[0] ?? '').toLowerCase().replaceAll(' ', '-'), text]),
    );
    const linked = new Set<string>();
    for (const { AlarmDescription } of [...alarmsOf(full), ...alarmsOf(large)]) {
      const anchor = String(AlarmDescription).split(' docs/runbook.md#')[1] ?? String(AlarmDescription);
      linked.add(anchor);
      for (const part of ['Description', 'Causes', 'Investigation', 'Resolution']) {
        expect(sections.get(anchor), anchor).toContain(`**${part}.**`);
      }
    }
    expect([...sections.keys()].sort()).toEqual([...linked].sort());
  });

  test('tell the topic of the configuration when they begin and when they end', () => {
    const topicArn = 'arn:aws:sns:eu-central-1:123456789012:operators';
    const told = synthesize({ bundles, aws: { alarms: { topicArn } } });
    told.template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: [topicArn], OKActions: [topicArn] });
    told.template.resourceCountIs('AWS::SNS::Topic', 0);
  });

  test('reach the address of the configuration: its topic lets the alarms of this account publish, which a policy of its own would not', () => {
    full.template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: { 'aws:SourceArn': Match.anyValue() },
            },
          }),
        ]),
      },
    });
  });

  test.each([
    [60, 5],
    [3600, 120],
  ])('end soon after a pair is well that is polled every %i seconds', (pollSeconds, minutes) => {
    const { template } = synthesize({ bundles, pairs: manyPairs(1, 1, `, pollSeconds: ${pollSeconds}`) });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'chef-sync: r0/org0 needs attention',
      Period: 60,
      EvaluationPeriods: minutes,
      DatapointsToAlarm: 1,
    });
  });

  test('notice within minutes that nothing is polled, though CloudWatch goes on with the last number that it has seen', () => {
    // It looks back some periods further than asked before it believes that data is missing: so periods must be short.
    minimal.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'chef-sync: nothing is polled',
      Period: 60,
      EvaluationPeriods: 5,
    });
    const { template } = synthesize({ bundles, pairs: manyPairs(1, 1, ', pollSeconds: 3600') });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'chef-sync: nothing is polled',
      Period: 60,
      EvaluationPeriods: 180,
    });
  });
});

test('the order of the file changes no logical id and no resource', () => {
  const pairs = manyPairs(40, 4);
  const reordered = synthesize({ bundles, stackName: 'full', pairs: pairs.toReversed(), aws: EVERYTHING });
  expect(resourcesOf(reordered.template)).toEqual(resourcesOf(full.template));
});

test('a pair more or less replaces nothing of the others', () => {
  const ids = ({ templates }: Synthesized): string[] =>
    templates.flatMap((template) => Object.keys(resourcesOf(template)));
  const two = synthesize({ bundles, pairs: manyPairs(2) });
  expect(ids(two)).toEqual(expect.arrayContaining(ids(minimal)));
});

test('two stacks stand side by side in one account: no name of one is a name of the other', () => {
  const names = ({ templates }: Synthesized): string[] =>
    templates.flatMap((template) =>
      Object.values(resourcesOf(template)).flatMap(({ Properties }) =>
        ['FunctionName', 'QueueName', 'LogGroupName', 'AlarmName', 'DashboardName', 'TableName', 'RoleName', 'Name']
          .map((property) => Properties[property])
          .filter((name) => typeof name === 'string'),
      ),
    );
  const other = new Set(names(synthesize({ bundles, stackName: 'other' })));
  expect(names(minimal).filter((name) => other.has(name))).toEqual([]);
  expect(names(minimal).length).toBeGreaterThan(15);
});

test('no function may touch the lanes of a stack whose name begins with that of its own and `-lane-`', () => {
  const allowed = JSON.stringify(minimal.template.findResources('AWS::IAM::Policy'));
  const patterns = [...allowed.matchAll(/:(chef-sync-lane-[^"]*)"/g)].map(([, pattern = '']) => pattern);
  const [lane] = planLanes(manyPairs(1)).lanes;
  expect(patterns.length).toBe(2);
  for (const pattern of patterns) {
    const regExp = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
    expect(`chef-sync-lane-${lane?.name}.fifo`).toMatch(regExp);
    expect(`chef-sync-lane-b-lane-${lane?.name}.fifo`).not.toMatch(regExp);
  }
});

test('stacks of one name in two regions have a dashboard each, as dashboards belong to the account and not to a region', () => {
  minimal.template.hasResourceProperties('AWS::CloudWatch::Dashboard', {
    DashboardName: { 'Fn::Join': ['', ['chef-sync-', { Ref: 'AWS::Region' }]] },
  });
});

describe('the size', () => {
  test.each([
    [1, () => minimal],
    [40, () => full],
    [200, () => large],
  ])('of %i pairs stays within what CloudFormation and IAM take', (count, synthesized) => {
    const { templates } = synthesized();
    expect(
      templates.flatMap((template) => Object.keys(template.findResources('AWS::Scheduler::Schedule'))).length,
    ).toBe(count);
    for (const template of templates) {
      expect(Object.keys(resourcesOf(template)).length).toBeLessThan(450);
      // As CDK writes it, with its line breaks.
      expect(JSON.stringify(template.toJSON(), null, 1).length).toBeLessThan(1_000_000);
      for (const { PolicyDocument } of Object.values(propertiesOf(template, 'AWS::IAM::Policy'))) {
        expect(JSON.stringify(PolicyDocument).length).toBeLessThan(10_240);
      }
    }
  });
});

describe('the CloudFormation schema', () => {
  test('is kept by every template', () => {
    for (const template of [minimal, full, large].flatMap(({ templates }) => templates)) {
      expect(schemaProblems({ Resources: resourcesOf(template) })).toEqual([]);
    }
  });

  test('is really checked: planted mistakes are found', () => {
    const Resources = {
      Lane: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: 'yes', VisibilitySeconds: 360 } },
      Table: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { Replicas: [{}], KeySchema: 'pk' } },
      Lambda: { Type: 'AWS::Lambda::Lambda' },
    };
    expect(schemaProblems({ Resources })).toEqual([
      'Lane.FifoQueue is no boolean',
      'Lane.VisibilitySeconds is unknown',
      'Table.Replicas[0].Region is missing',
      'Table.KeySchema is no list',
      'Lambda has the unknown type AWS::Lambda::Lambda',
    ]);
  });
});

describe('cdk-nag, and with it once what CDK itself checks,', () => {
  const checkedApp = (isCheckedByCdk = false) => {
    const app = createApp({}, isCheckedByCdk);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    return app;
  };

  test.each([
    ['the least', {}, false],
    ['everything', EVERYTHING, true],
  ])(
    'finds nothing that is not acknowledged with a reason, with %s in the configuration',
    (_, aws, isCheckedByCdk) => {
      const { assembly } = synthesize({ bundles, aws, isExample: true }, checkedApp(isCheckedByCdk));
      const { pluginReports } = reportSchema.parse(
        JSON.parse(readFileSync(join(assembly.directory, 'validation-report.json'), 'utf8')),
      );
      expect(pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
    },
    180_000,
  );

  test('really looks: a planted queue without encryption in transit is found', () => {
    const app = checkedApp();
    const stack = new ChefSyncStack(app, 'planted', { pairs: manyPairs(1), aws: {}, bundles });
    new Queue(stack, 'Planted');
    expect(() => app.synth()).toThrow(/AwsSolutions-SQS4/);
  });
});
