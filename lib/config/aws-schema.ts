import * as z from 'zod';
import { section, text } from './schema-parts.ts';

const idList = (what: string, pattern: RegExp) => {
  const phrase = `must be a list of ${what}`;
  return z.array(text(phrase, pattern), phrase).min(1, phrase);
};

const ENDPOINTS_PHRASE =
  'must name the routeTableIds of its subnets, because with `egress: endpoints` DynamoDB is reached through a gateway endpoint';

const networkSchema = section({
  vpcId: text('must be the id of a VPC, like vpc-0123456789abcdef0', /^vpc-[0-9a-f]+$/),
  subnetIds: idList('subnet ids like subnet-0123456789abcdef0', /^subnet-[0-9a-f]+$/),
  securityGroupIds: idList('security group ids like sg-0123456789abcdef0', /^sg-[0-9a-f]+$/),
  egress: z
    .enum(['existing', 'endpoints'], 'must be existing or endpoints')
    .default('existing')
    .describe('How the functions reach AWS from these subnets: by ways that exist, or by VPC endpoints of the stack'),
  routeTableIds: idList('route table ids like rtb-0123456789abcdef0', /^rtb-[0-9a-f]+$/)
    .optional()
    .describe('Route tables of the subnets; needed with `egress: endpoints`'),
}).refine(({ egress, routeTableIds }) => egress === 'existing' || routeTableIds !== undefined, ENDPOINTS_PHRASE);

const ALARMS_PHRASE = 'must be { topicArn: ARN } or { email: ADDRESS }';

const alarmsSchema = section({
  topicArn: text('must be the ARN of an SNS topic', /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/).optional(),
  email: text('must be an e-mail address', /^[^\s@]+@[^\s@]+$/).optional(),
}).refine(({ topicArn, email }) => (topicArn === undefined) !== (email === undefined), ALARMS_PHRASE);

/** The `aws:` section. */
export const awsSchema = section({
  network: networkSchema
    .optional()
    .describe('The VPC from which the Chef servers are reached; without it they are reached over the internet'),
  alarms: alarmsSchema.optional().describe('Who is told when something needs attention'),
  kmsKeyArn: text('must be the ARN of a KMS key', /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/)
    .optional()
    .describe('A KMS key of yours that encrypts table, queues and logs; without it AWS encrypts with keys of its own'),
});

/** The `aws:` section as written, with what it leaves out filled in. */
export type AwsSettings = z.output<typeof awsSchema>;
