import * as z from 'zod';
import { type AwsCall, REGION } from '../support/aws/local-aws.ts';
import type { SynthesizedStack } from './synthesized-stack.ts';

const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

/** Anything else in a statement (`NotAction`, `NotResource`) is refused: it would be compared wrongly. */
const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.unknown().optional(),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).default({}),
});

type Statement = z.output<typeof statementSchema>;

const documentSchema = z.object({ Statement: z.array(statementSchema) });
const policySchema = z.object({ PolicyDocument: documentSchema, Roles: z.array(z.string()) });
const roleSchema = z.object({
  ManagedPolicyArns: z.never('a role has a managed policy, which allows more than is used').optional(),
  Policies: z.never('a role has an inline policy, which is not compared').optional(),
});
const queuePolicySchema = z.object({ PolicyDocument: documentSchema });

/** What a stack allows: of every role, and what resources refuse to anybody. */
export interface Permissions {
  readonly ofRole: ReadonlyMap<string, readonly Statement[]>;
  readonly ofResources: readonly Statement[];
}

/** A permission that is not used, and why it must be there. */
export interface Exception {
  /** Exactly one: a pattern would let in what nobody thought of. */
  readonly action: string;
  readonly reason: string;
}

/** What no bundle calls, because AWS itself does, in the name of the function. */
export const CALLED_BY_AWS: readonly Exception[] = [
  { action: 'logs:CreateLogStream', reason: 'Lambda makes a stream for each execution environment' },
  { action: 'logs:PutLogEvents', reason: "Lambda writes a function's standard output with the function's role" },
  { action: 'sqs:GetQueueAttributes', reason: 'Lambda looks at a queue before it maps it, and while it does' },
  ...[
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ].map((action) => ({ action, reason: 'Lambda makes the network interfaces of a function in a VPC' })),
];

const TABLE_KEY_USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'];

/**
 * What services ask of KMS in the name of whoever makes these calls of what a customer's key encrypts, as the guides of DynamoDB (encryption at
 * rest), SQS (key management) and Secrets Manager (secret encryption) say.
 */
const KEY_USE: Readonly<Record<string, readonly string[]>> = {
  'dynamodb:GetItem': TABLE_KEY_USE,
  'dynamodb:PutItem': TABLE_KEY_USE,
  'dynamodb:DeleteItem': TABLE_KEY_USE,
  'dynamodb:Query': TABLE_KEY_USE,
  'sqs:SendMessage': ['kms:Decrypt', 'kms:GenerateDataKey'],
  'sqs:ReceiveMessage': ['kms:Decrypt'],
  'secretsmanager:GetSecretValue': ['kms:Decrypt'],
};

const functionKeySchema = z.object({ Role: z.string(), KmsKeyArn: z.string().optional() });

/** The calls of KMS that these calls bring about, and that Lambda makes to open the environment of each function. None without a key. */
export function keyCalls(stack: SynthesizedStack, calls: readonly AwsCall[]): readonly AwsCall[] {
  const functions = stack
    .resources('AWS::Lambda::Function')
    .map(({ properties }) => functionKeySchema.parse(properties));
  const used = (caller: string, action: string, resource: string, service: string): AwsCall => ({
    caller,
    action,
    resource,
    viaService: `${service}.${REGION}.amazonaws.com`,
  });
  return functions.flatMap(({ Role, KmsKeyArn: key }) => {
    const role = Role.split('/').at(-1) ?? '';
    if (key === undefined) return [];
    const own = new Set(calls.filter(({ caller }) => caller === role).map(({ action }) => action));
    const inItsName = [...own].flatMap((called) =>
      (KEY_USE[called] ?? []).map((action) => used(role, action, key, called.split(':')[0] ?? '')),
    );
    return [...inItsName, used(role, 'kms:Decrypt', key, 'lambda')];
  });
}

/** Reads every policy of a stack. Throws when it has one of a form that is not compared. */
export function permissionsOf(stack: SynthesizedStack): Permissions {
  const policies = stack.resources('AWS::IAM::Policy').map(({ properties }) => policySchema.parse(properties));
  for (const { properties } of stack.resources('AWS::IAM::Role')) roleSchema.parse(properties);
  if (stack.resources('AWS::IAM::ManagedPolicy').length > 0) throw new Error('a managed policy is not compared');
  const ofRole = new Map<string, readonly Statement[]>();
  for (const { PolicyDocument, Roles } of policies) {
    for (const role of Roles) ofRole.set(role, [...(ofRole.get(role) ?? []), ...PolicyDocument.Statement]);
  }
  return {
    ofRole,
    ofResources: stack
      .resources('AWS::SQS::QueuePolicy')
      .flatMap(({ properties }) => queuePolicySchema.parse(properties).PolicyDocument.Statement),
  };
}

/** Calls that the policies refuse, one line each. */
export function refusedCalls({ ofRole, ofResources }: Permissions, calls: readonly AwsCall[]): readonly string[] {
  const refused = calls.filter((call) => {
    const statements = [...(ofRole.get(call.caller) ?? []), ...ofResources];
    const applying = statements.filter((statement) => applies(statement, call));
    return applying.some(({ Effect }) => Effect === 'Deny') || applying.length === 0;
  });
  return [...new Set(refused.map(({ caller, action, resource }) => `${caller} calls ${action} on ${resource}`))];
}

/** Actions on resources that a policy allows and no call needed, one line each, but for the exceptions. */
export function unusedPermissions(
  { ofRole }: Permissions,
  calls: readonly AwsCall[],
  exceptions: readonly Exception[],
): readonly string[] {
  const unused: string[] = [];
  for (const [role, statements] of ofRole) {
    const own = calls.filter(({ caller }) => caller === role);
    for (const { Effect, Action, Resource, Condition } of statements) {
      for (const action of Effect === 'Allow' ? Action : []) {
        if (exceptions.some((exception) => exception.action === action)) continue;
        for (const resource of Resource) {
          const one: Statement = { Effect, Action: [action], Resource: [resource], Condition };
          if (!own.some((call) => applies(one, call))) unused.push(`${role} may ${action} on ${resource}`);
        }
      }
    }
  }
  return unused;
}

function applies({ Action, Resource, Condition }: Statement, call: AwsCall): boolean {
  const { action, resource } = call;
  return (
    Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
    Resource.some((pattern) => matches(pattern, resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => isMet(operator, contextOf(key, call), values)),
    )
  );
}

/** What a condition finds in a call of a function: SDKs talk to AWS over TLS. */
function contextOf(key: string, { viaService = '' }: AwsCall): string {
  if (key === 'aws:SecureTransport') return 'true';
  if (key === 'kms:ViaService') return viaService;
  throw new Error(`a policy has a condition on ${key}, which is not compared`);
}

function isMet(operator: string, value: string, expected: readonly string[]): boolean {
  if (operator === 'Bool' || operator === 'StringEquals') return expected.includes(value);
  if (operator === 'StringLike') return expected.some((pattern) => matches(pattern, value));
  throw new Error(`a policy has the condition ${operator}, which is not compared`);
}

/** `*` stands for any characters, `?` for one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
