import { Validations } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { AwsSettings } from '../../lib/config/schema.ts';

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
  if (key === undefined) {
    Validations.of(topic).acknowledge({
      id: 'AwsSolutions-SNS2',
      reason:
        'Alarms name pairs and no content, and CloudWatch cannot publish to a topic with the key that AWS manages for SNS.',
    });
  }
  return [new SnsAction(topic)];
}
