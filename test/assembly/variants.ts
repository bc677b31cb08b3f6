import type { Deployment } from './assembled-stack.ts';

/** A kind of configuration that stacks are made of. Each has the pair `eu/acme`, and `eu/tools` beside it. */
export interface Variant extends Deployment {
  readonly name: string;
  readonly replicas: readonly string[];
  /** The organizations of a larger configuration, in which the pairs of a replica share lanes. */
  readonly grown: readonly string[];
}

const named = (count: number): readonly string[] => [
  'acme',
  'tools',
  ...Array.from({ length: count - 2 }, (_, n) => `org${n}`),
];

/** What can be left out is. */
export const MINIMAL: Variant = {
  name: 'a minimal stack',
  organizations: named(2),
  replicas: ['eu'],
  grown: named(8),
};

/** The VPC and the key of a configuration that leaves nothing out. */
export const VPC_AND_KEY: Variant = {
  ...MINIMAL,
  name: 'a stack in a VPC and with a KMS key',
  aws: {
    kmsKeyArn: 'arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    alarms: { email: 'operators@example.com' },
    network: {
      vpcId: 'vpc-0123456789abcdef0',
      subnetIds: ['subnet-0123456789abcdef0'],
      securityGroupIds: ['sg-0123456789abcdef0'],
      egress: 'endpoints',
      routeTableIds: ['rtb-0123456789abcdef0'],
    },
  },
};

/** More pairs than the servers bear lanes for. */
export const FORTY_PAIRS: Variant = {
  name: 'a stack of 40 pairs over 4 replicas',
  organizations: named(10),
  replicas: ['eu', 'us', 'ap', 'sa'],
  requestsInFlight: 32,
  grown: named(10),
};
