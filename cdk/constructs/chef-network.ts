import { Stack, Validations } from 'aws-cdk-lib';
import {
  CfnVPCEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Port,
  SecurityGroup,
  Subnet,
  Vpc,
  VpcEndpointType,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { AwsSettings } from '../../lib/config/aws-schema.ts';
import type { FunctionNetwork } from './sync-function.ts';

/** `aws.network` of the configuration. */
export type NetworkSettings = NonNullable<AwsSettings['network']>;

/**
 * The network in which functions talk to Chef servers, known by its ids alone: nothing is looked up, so that synthesis
 * needs no account. With `egress: endpoints` the stack adds the ways to AWS that a VPC without internet access lacks.
 */
export class ChefNetwork extends Construct implements FunctionNetwork {
  readonly vpc;
  readonly subnets;
  readonly securityGroups;

  constructor(scope: Construct, id: string, settings: NetworkSettings) {
    super(scope, id);
    const { vpcId, subnetIds, securityGroupIds, egress, routeTableIds = [] } = settings;
    // Nothing here asks for zones, but the list must not be empty.
    this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: ['unknown'] });
    this.subnets = subnetIds.map((subnetId) => {
      const subnet = Subnet.fromSubnetId(this, subnetId, subnetId);
      Validations.of(subnet).acknowledge({
        id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
        reason: 'Route tables are asked of nobody; the gateway endpoint gets those of the configuration.',
      });
      return subnet;
    });
    this.securityGroups = securityGroupIds.map((groupId) =>
      // What the functions may reach is the owner's business: the groups stay as they are.
      SecurityGroup.fromSecurityGroupId(this, groupId, groupId, { mutable: false }),
    );
    if (egress === 'endpoints') this.#addEndpoints(vpcId, routeTableIds);
  }

  #addEndpoints(vpcId: string, routeTableIds: readonly string[]): void {
    new CfnVPCEndpoint(this, 'DynamoDb', {
      vpcId,
      vpcEndpointType: VpcEndpointType.GATEWAY,
      serviceName: GatewayVpcEndpointAwsService.DYNAMODB.name,
      routeTableIds: [...routeTableIds],
    });
    const doors = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: `Lets the functions of ${Stack.of(this).stackName} reach SQS and Secrets Manager`,
      allowAllOutbound: false,
    });
    for (const group of this.securityGroups) doors.addIngressRule(group, Port.tcp(443));
    const services = {
      Sqs: InterfaceVpcEndpointAwsService.SQS,
      Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    };
    for (const [id, service] of Object.entries(services)) {
      new InterfaceVpcEndpoint(this, id, {
        vpc: this.vpc,
        service,
        subnets: { subnets: this.subnets },
        securityGroups: [doors],
        privateDnsEnabled: true,
        open: false,
      });
    }
  }
}
