import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { AwsSettings } from '../../lib/config/aws-schema.ts';

/**
 * What alarms do: tell the topic of the configuration, or a new one to which its e-mail address is subscribed; the
 * address must confirm once. Nothing without `aws.alarms`.
 */
export function alarmActions(
  scope: Construct,
  alarms: AwsSettings['alarms'],
  key: IKey | undefined,
): readonly SnsAction[] {
  if (alarms?.topicArn !== undefined) return [new SnsAction(Topic.fromTopicArn(scope, 'AlarmTopic', alarms.topicArn))];
  if (alarms?.email === undefined) return [];
  const topic = new Topic(scope, 'Alarms', { masterKey: key, enforceSSL: true });
  topic.addSubscription(new EmailSubscription(alarms.email));
  const { account } = Stack.of(scope);
  topic.addToResourcePolicy(
    // That only TLS is allowed is a policy of the topic's own, and takes the place of the one that lets the account in.
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': alarmArns(scope) },
      },
    }),
  );
  if (key === undefined) {
    Validations.of(topic).acknowledge({
      id: 'AwsSolutions-SNS2',
      reason:
        'Alarms name pairs and no content, and CloudWatch cannot publish to a topic with the key that AWS manages for SNS.',
    });
  }
  return [new SnsAction(topic)];
}

/** Of every alarm in the region of the stack. */
const alarmArns = (scope: Construct): string =>
  Stack.of(scope).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
