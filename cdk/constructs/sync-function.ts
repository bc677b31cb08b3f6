import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { ISecurityGroup, ISubnet, IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, type Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FunctionRow } from '../function-table.ts';

/** Where functions that talk to Chef servers run. */
export interface FunctionNetwork {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroups: readonly ISecurityGroup[];
}

/** A service that uses the key in the name of a function which calls it, as in the host name of its endpoints. */
export type KeyService = 'dynamodb' | 'lambda' | 'secretsmanager' | 'sqs';

/** A function's row of the table, and what the stack adds to it. */
export interface SyncFunctionProps {
  readonly functionName: string;
  readonly row: FunctionRow;
  /** A folder with `index.mjs`, which exports `handler`. */
  readonly code: Code;
  readonly environment: Readonly<Record<string, string>>;
  /** Encrypts environment and logs in place of keys that AWS owns. */
  readonly key?: IKey;
  /** Undefined: outside of any VPC. */
  readonly network?: FunctionNetwork;
}

/**
 * A Lambda function with a role and a log group of its own. It may write its log, and nothing else until `allow` says
 * so. No concurrency is reserved: lanes bound the copiers (a throttled one would count as a failed delivery of its
 * messages), and poll slots bound the polls.
 */
export class SyncFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  readonly #role: Role;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, props: SyncFunctionProps) {
    super(scope, id);
    const { functionName, row, key, network } = props;
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
      encryptionKey: key,
    });
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Role of the Lambda function ${functionName}`,
    });
    this.logGroup.grantWrite(this.#role);
    this.#key = key;
    // Its environment.
    this.allowKeyThrough('lambda', ['Decrypt']);
    if (network !== undefined) this.#allowNetworkInterfaces();
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: row.description,
      code: props.code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: row.memoryMb,
      timeout: Duration.seconds(row.timeoutSeconds),
      environment: { ...props.environment },
      environmentEncryption: key,
      logGroup: this.logGroup,
      // A role of its own, so that CDK adds no managed policy: those allow more than is used.
      role: this.#role.withoutPolicyUpdates(),
      ...(network !== undefined && {
        vpc: network.vpc,
        vpcSubnets: { subnets: [...network.subnets] },
        securityGroups: [...network.securityGroups],
      }),
    });
    // A function must not run, and no mapping must be made for it, before its role allows its work.
    this.function.node.addDependency(this.#role);
  }

  /** The function's role allows these actions on these resources. */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.#role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  /** The service may use the KMS key in the name of the function, which cannot use it by itself. Without a key nothing is allowed. */
  allowKeyThrough(service: KeyService, actions: readonly string[]): void {
    if (this.#key === undefined) return;
    const { region, urlSuffix } = Stack.of(this);
    // DynamoDB wants its permission to hold in every region, as a table may have replicas in others.
    const place = service === 'dynamodb' ? '*' : region;
    this.#role.addToPolicy(
      new PolicyStatement({
        actions: actions.map((action) => `kms:${action}`),
        resources: [this.#key.keyArn],
        conditions: { StringLike: { 'kms:ViaService': `${service}.${place}.${urlSuffix}` } },
      }),
    );
  }

  /** Lets a reader of the cdk-nag report know why a finding about the role stands. */
  acknowledge(id: string, reason: string): void {
    Validations.of(this.#role).acknowledge({ id, reason });
  }

  #allowNetworkInterfaces(): void {
    this.allow(
      [
        'ec2:CreateNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:DeleteNetworkInterface',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
      ['*'],
    );
    this.acknowledge(
      'AwsSolutions-IAM5[Resource::*]',
      "Lambda makes the network interfaces of a function in a VPC with the function's role, under ids that nobody knows before.",
    );
  }
}
