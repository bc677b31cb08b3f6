import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod';
import { type DynamoServer, startDynamoServer } from '../support/aws/dynamo-server.ts';
import { type EventSource, eventSource } from '../support/aws/event-source.ts';
import { type LambdaServer, startLambdaServer } from '../support/aws/lambda-server.ts';
import { ANY_CREDENTIALS, type AwsCall, localArn, REGION } from '../support/aws/local-aws.ts';
import { type LogsServer, startLogsServer } from '../support/aws/logs-server.ts';
import { type SecretsServer, startSecretsServer } from '../support/aws/secrets-server.ts';
import { type SqsServer, startSqsServer } from '../support/aws/sqs-server.ts';
import { type DeployedFunction, type ExecutionEnvironment, startEnvironment } from './execution-environment.ts';
import type { HostUsage } from './lambda-host.ts';
import type { SynthesizedStack } from './synthesized-stack.ts';

const functionSchema = z.object({
  FunctionName: z.string(),
  Role: z.string(),
  Handler: z.literal('index.handler'),
  Timeout: z.number(),
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});

const queueSchema = z.object({
  QueueName: z.string(),
  FifoQueue: z.literal(true),
  VisibilityTimeout: z.number(),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() }).optional(),
});

const mappingSchema = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: z.number(),
  FunctionResponseTypes: z.tuple([z.literal('ReportBatchItemFailures')]),
  ScalingConfig: z.object({ MaximumConcurrency: z.number() }),
});

const scheduleSchema = z.object({
  State: z.literal('ENABLED'),
  Target: z.object({ Arn: z.string(), RoleArn: z.string(), Input: z.string() }),
});

const tableSchema = z.object({
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.literal('S') })),
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
  LocalSecondaryIndexes: z.array(
    z.object({
      IndexName: z.string(),
      KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
      Projection: z.object({ ProjectionType: z.literal('ALL') }),
    }),
  ),
});

const batchResponse = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })) });

/** What EventBridge does for one pair. */
interface Schedule {
  readonly functionName: string;
  readonly role: string;
  readonly event: unknown;
}

interface Mapping {
  readonly queue: string;
  readonly functionName: string;
  readonly source: EventSource;
  readonly mostAtATime: number;
}

/** What an invocation took of its process. */
export interface InvocationUsage extends HostUsage {
  readonly functionName: string;
}

/** An account of AWS on this machine, into which stacks are deployed: bundles run in processes of their own. */
export interface LocalCloud extends AsyncDisposable {
  readonly sqs: SqsServer;
  readonly dynamo: DynamoServer;
  readonly secrets: SecretsServer;
  readonly logs: LogsServer;
  /** `Invoke` of every function of the stack, for functions and operators. */
  readonly lambda: LambdaServer;
  /** Every call of the functions, and of Lambda and EventBridge with their roles. */
  readonly calls: readonly AwsCall[];
  /** Lines that functions printed; CloudWatch has them too. */
  readonly log: readonly string[];
  /** What each invocation took, in the order in which they ended. */
  readonly usages: readonly InvocationUsage[];
  /** Makes what is new, replaces the functions and removes the queues that the template has no more. */
  deploy(stack: SynthesizedStack): Promise<void>;
  /** Invokes a function of the stack by its name, as an operator does. */
  invoke(functionName: string, event: unknown): Promise<unknown>;
  /** Fires the schedule of a pair. With `remainingSeconds` the poll has no more time than that. */
  fire(pair: string, remainingSeconds?: number): Promise<unknown>;
  scheduledPairs(): readonly string[];
  /** Does the work while the mappings hand messages to functions, and then until no message is visible. */
  whileMapped<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Ends every process of the function in the middle of its work. Answers how many there were. */
  kill(functionName: string): number;
  /** Whether a process of the function handles an event now. */
  isBusy(functionName: string): boolean;
  /** Processes of the function that get an event with this text in it die in the middle of it; without a text none do. */
  crashOn(functionName: string, text?: string): void;
  /** The time that functions see, ms since 1970. */
  now(): number;
  /** Their clock is ahead by so much more from now on. */
  passTime(milliseconds: number): void;
}

/** Starts an empty account. */
export async function startLocalCloud(): Promise<LocalCloud> {
  const calls: AwsCall[] = [];
  const log: string[] = [];
  const usages: InvocationUsage[] = [];
  const onCall = (call: AwsCall): void => {
    if (call.caller !== ANY_CREDENTIALS.accessKeyId) calls.push(call);
  };
  const [dynamo, sqs, secrets, logs, lambda] = await Promise.all([
    startDynamoServer(onCall),
    startSqsServer(onCall),
    startSecretsServer(onCall),
    startLogsServer(onCall),
    startLambdaServer({}, onCall),
  ]);
  secrets.hideMissing();
  const functions = new Map<string, DeployedFunction & { readonly idle: ExecutionEnvironment[] }>();
  const busy = new Map<ExecutionEnvironment, string>();
  const clients: SQSClient[] = [];
  const tables = new Set<string>();
  let queues = new Set<string>();
  let mappings: readonly Mapping[] = [];
  let schedules: ReadonlyMap<string, Schedule> = new Map();
  const deadly = new Map<string, string | undefined>();
  let aheadMs = 0;

  const keepLine = (functionName: string, line: string): void => {
    log.push(line);
    logs.put(`/aws/lambda/${functionName}`, Date.now(), line);
  };

  const invoke = async (functionName: string, event: unknown, remainingSeconds?: number): Promise<unknown> => {
    const deployed = functions.get(functionName);
    if (deployed === undefined) throw new Error(`there is no function ${functionName}`);
    const environment =
      deployed.idle.find((one) => !one.isDead()) ??
      (await startEnvironment(deployed, {
        onLog: (line) => keepLine(functionName, line),
        onUsage: (usage) => usages.push({ functionName, ...usage }),
      }));
    deployed.idle.splice(0, deployed.idle.length, ...deployed.idle.filter((one) => one !== environment));
    busy.set(environment, functionName);
    try {
      const timeoutSeconds = remainingSeconds ?? deployed.timeoutSeconds;
      const answered = environment.invoke({ event, timeoutSeconds, aheadMs });
      const text = deadly.get(functionName);
      if (text !== undefined && JSON.stringify(event).includes(text)) environment.kill();
      return await answered;
    } finally {
      busy.delete(environment);
      if (functions.get(functionName) !== deployed) environment.kill();
      else if (!environment.isDead()) deployed.idle.push(environment);
    }
  };

  const createTable = async (stack: SynthesizedStack): Promise<void> => {
    for (const { id, properties } of stack.resources('AWS::DynamoDB::GlobalTable')) {
      const TableName = `${stack.name}-${id}`;
      if (tables.has(TableName)) continue;
      const settings = tableSchema.parse(properties);
      await dynamo.client.send(new CreateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST', ...settings }));
      tables.add(TableName);
    }
  };

  const createQueues = async (stack: SynthesizedStack): Promise<void> => {
    const planned = stack.resources('AWS::SQS::Queue').map(({ properties }) => queueSchema.parse(properties));
    const names = new Set(planned.map(({ QueueName }) => QueueName));
    for (const name of queues) if (!names.has(name)) await sqs.removeQueue(name);
    // A queue makes that of its dead letters on the way.
    const lanes = planned.filter(({ RedrivePolicy }) => RedrivePolicy !== undefined);
    for (const { QueueName, VisibilityTimeout, RedrivePolicy } of lanes) {
      if (queues.has(QueueName) || RedrivePolicy === undefined) continue;
      const { deadLetterTargetArn, maxReceiveCount } = RedrivePolicy;
      const name = nameOf(deadLetterTargetArn);
      await sqs.createQueue(QueueName, {
        visibilitySeconds: VisibilityTimeout,
        deadLetters: { name, maxReceiveCount },
      });
    }
    queues = names;
  };

  const putFunctions = (stack: SynthesizedStack): void => {
    functions.clear();
    for (const { properties } of stack.resources('AWS::Lambda::Function')) {
      const { FunctionName: name, Role, Timeout, Code, Environment } = functionSchema.parse(properties);
      const variables = Object.entries(Environment.Variables).map(([key, value]) => [
        key,
        value.replace(`https://sqs.${REGION}.amazonaws.com`, sqs.url),
      ]);
      lambda.deploy(name, (event) => invoke(name, event));
      functions.set(name, {
        name,
        folder: join(stack.directory, `asset.${Code.S3Key.replace(/\.zip$/, '')}`),
        timeoutSeconds: Timeout,
        idle: [],
        environment: {
          ...Object.fromEntries(variables),
          AWS_REGION: REGION,
          // Who calls is seen by the key.
          AWS_ACCESS_KEY_ID: nameOf(Role),
          AWS_SECRET_ACCESS_KEY: 'local',
          AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
          AWS_ENDPOINT_URL_SQS: sqs.url,
          AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
          AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
          AWS_ENDPOINT_URL_LAMBDA: lambda.url,
        },
      });
    }
  };

  const mappingsOf = (stack: SynthesizedStack): readonly Mapping[] =>
    stack.resources('AWS::Lambda::EventSourceMapping').map(({ properties }) => {
      const mapping = mappingSchema.parse(properties);
      const queue = nameOf(mapping.EventSourceArn);
      const accessKeyId = functions.get(mapping.FunctionName)?.environment['AWS_ACCESS_KEY_ID'];
      if (accessKeyId === undefined || !queues.has(queue)) throw new Error(`the mapping of ${queue} leads nowhere`);
      const credentials = { accessKeyId, secretAccessKey: 'local' };
      const client = new SQSClient({ endpoint: sqs.url, region: REGION, credentials });
      clients.push(client);
      return {
        queue,
        functionName: mapping.FunctionName,
        source: eventSource({ client }, sqs.queueUrl(queue), mapping.BatchSize),
        mostAtATime: mapping.ScalingConfig.MaximumConcurrency,
      };
    });

  const schedulesOf = (stack: SynthesizedStack): ReadonlyMap<string, Schedule> =>
    new Map(
      stack.resources('AWS::Scheduler::Schedule').map(({ properties }) => {
        const { Arn, RoleArn, Input } = scheduleSchema.parse(properties).Target;
        const event = z.object({ pair: z.string() }).parse(JSON.parse(Input));
        if (!functions.has(nameOf(Arn))) throw new Error(`the schedule of ${event.pair} starts nothing`);
        return [event.pair, { functionName: nameOf(Arn), role: nameOf(RoleArn), event }];
      }),
    );

  return {
    sqs,
    dynamo,
    secrets,
    logs,
    lambda,
    calls,
    log,
    usages,
    async deploy(stack) {
      await createTable(stack);
      await createQueues(stack);
      for (const { id } of stack.resources('AWS::SecretsManager::Secret')) {
        secrets.put(stack.arn(id), 'a generated secret of sixty-four characters');
      }
      for (const { idle } of functions.values()) for (const environment of idle) environment.kill();
      putFunctions(stack);
      mappings = mappingsOf(stack);
      schedules = schedulesOf(stack);
    },
    invoke,
    async fire(pair, remainingSeconds) {
      const schedule = schedules.get(pair);
      if (schedule === undefined) throw new Error(`there is no schedule of ${pair}`);
      const { functionName, role, event } = schedule;
      const resource = localArn('lambda', `function:${functionName}`);
      calls.push({ caller: role, action: 'lambda:InvokeFunction', resource });
      return await invoke(functionName, event, remainingSeconds);
    },
    scheduledPairs: () => [...schedules.keys()],
    async whileMapped(work) {
      let isWorking = true;
      const take = async ({ queue, functionName, source }: Mapping): Promise<void> => {
        const handler = async (event: unknown): Promise<SQSBatchResponse> =>
          batchResponse.parse(await invoke(functionName, event));
        for (;;) {
          const wasWorking = isWorking;
          // A function that died leaves its messages to the visibility time-out; a mapping ends with its queue.
          const taken = await source.once(handler).catch(() => (queues.has(queue) ? 1 : 0));
          if (taken > 0) continue;
          if (!wasWorking || !queues.has(queue)) return;
          await new Promise((resolve) => setTimeout(resolve, IDLE_PAUSE_MS));
        }
      };
      const takers = mappings.flatMap((mapping) => Array.from({ length: mapping.mostAtATime }, () => take(mapping)));
      const result = await work().finally(() => {
        isWorking = false;
      });
      await Promise.all(takers);
      return result;
    },
    kill(functionName) {
      const found = [...busy].filter(([, name]) => name === functionName);
      for (const [environment] of found) environment.kill();
      return found.length;
    },
    isBusy: (functionName) => [...busy.values()].includes(functionName),
    crashOn(functionName, text) {
      deadly.set(functionName, text);
    },
    now: () => Date.now() + aheadMs,
    passTime(milliseconds) {
      aheadMs += milliseconds;
    },
    async [Symbol.asyncDispose]() {
      for (const { idle } of functions.values()) for (const environment of idle) environment.kill();
      for (const environment of busy.keys()) environment.kill();
      for (const client of clients) client.destroy();
      dynamo.stop();
      secrets.stop();
      logs.stop();
      lambda.stop();
      await sqs.stop();
    },
  };
}

/** Between two looks at an empty queue. */
const IDLE_PAUSE_MS = 40;

/** The last part of an ARN. */
const nameOf = (arn: string): string => arn.split(/[:/]/).at(-1) ?? '';
