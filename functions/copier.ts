import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { openAwsCopier } from '../lib/runtime/aws-copier.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const copier = openAwsCopier(telemetry.logOf, telemetry.log);

/** Copies the objects of a batch. Acknowledges every message whose end the ledger knows, a failure too. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async ({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    const records = Records.map(({ messageId, body, attributes, eventSourceARN }) => ({
      id: messageId,
      groupId: attributes.MessageGroupId ?? '',
      queueArn: eventSourceARN,
      body,
    }));
    const failed = await copier.copy(records, () => context.getRemainingTimeInMillis());
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  });
