import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ACCOUNT, localArn, REGION } from '../support/aws/local-aws.ts';
import { secretArn } from '../support/aws/secrets-server.ts';

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
});

/** A resource whose references are resolved. */
export interface ResolvedResource {
  readonly id: string;
  readonly properties: unknown;
}

/** The template of a stack, as CloudFormation would carry it out in the local account. */
export interface SynthesizedStack {
  readonly name: string;
  /** Folder of the cloud assembly. */
  readonly directory: string;
  /** Every resource of that type. */
  resources(type: string): readonly ResolvedResource[];
  /** The ARN of a resource by its logical id. */
  arn(id: string): string;
  /** Undefined: the template has no such output. */
  output(name: string): unknown;
}

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** What a reference to a resource becomes: its name for `Ref` and its ARN, both made of its properties or its logical id. */
const IDENTITIES: Readonly<Record<string, (name: string) => { readonly ref: string; readonly arn: string }>> = {
  'AWS::DynamoDB::GlobalTable': (name) => ({ ref: name, arn: localArn('dynamodb', `table/${name}`) }),
  'AWS::SQS::Queue': (name) => ({ ref: name, arn: localArn('sqs', name) }),
  'AWS::Lambda::Function': (name) => ({ ref: name, arn: localArn('lambda', `function:${name}`) }),
  'AWS::SecretsManager::Secret': (name) => ({ ref: secretArn(name), arn: secretArn(name) }),
  'AWS::IAM::Role': (name) => ({ ref: name, arn: `arn:aws:iam::${ACCOUNT}:role/${name}` }),
  'AWS::Logs::LogGroup': (name) => ({ ref: name, arn: localArn('logs', `log-group:${name}:*`) }),
  'AWS::Scheduler::ScheduleGroup': (name) => ({ ref: name, arn: localArn('scheduler', `schedule-group/${name}`) }),
};

const NAME_PROPERTIES = ['FunctionName', 'QueueName', 'LogGroupName', 'Name'];

/** Reads the template of `stackName` from a cloud assembly. Throws at a reference that it does not know. */
export function readStack(directory: string, stackName: string): SynthesizedStack {
  const text = readFileSync(join(directory, `${stackName}.template.json`), 'utf8');
  const { Resources, Outputs } = templateSchema.parse(JSON.parse(text));

  const identity = (id: string) => {
    const resource = Resources[id];
    const make = IDENTITIES[resource?.Type ?? ''];
    if (resource === undefined || make === undefined) throw new Error(`nothing is known of ${id}`);
    const name = NAME_PROPERTIES.map((property) => resource.Properties[property]).find(
      (one) => typeof one === 'string',
    );
    return make(typeof name === 'string' ? name : `${stackName}-${id}`);
  };

  const textOf = (value: unknown): string => {
    const resolved = resolve(value);
    if (typeof resolved !== 'string') throw new Error(`${JSON.stringify(value)} is no text`);
    return resolved;
  };

  const intrinsics: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (argument) => PSEUDO_PARAMETERS[String(argument)] ?? identity(String(argument)).ref,
    'Fn::GetAtt': (argument) => {
      const [id, attribute] = z.tuple([z.string(), z.string()]).parse(argument);
      if (attribute !== 'Arn') throw new Error(`nothing is known of the ${attribute} of ${id}`);
      return identity(id).arn;
    },
    'Fn::Join': (argument) => {
      const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(argument);
      return parts.map(textOf).join(separator);
    },
    'Fn::Sub': (argument) => String(argument).replaceAll(/\$\{([\w:]+)\}/g, (_, name: string) => textOf({ Ref: name })),
  };

  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
      const intrinsic = intrinsics[first[0]];
      if (intrinsic === undefined) throw new Error(`${first[0]} is not resolved here`);
      return intrinsic(first[1]);
    }
    return Object.fromEntries(entries.map(([key, member]) => [key, resolve(member)]));
  };

  return {
    name: stackName,
    directory,
    resources: (type) =>
      Object.entries(Resources)
        .filter(([, resource]) => resource.Type === type)
        .map(([id, { Properties }]) => ({ id, properties: resolve(Properties) })),
    arn: (id) => identity(id).arn,
    output: (name) => resolve(Outputs[name]?.Value),
  };
}
