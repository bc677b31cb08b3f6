import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { openAwsParker } from '../lib/runtime/aws-parker.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const parker = openAwsParker(telemetry.logOf, telemetry.log);

/** Parks the objects of dead letters, so that status shows them. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const records = Records.map(({ messageId, body }) => ({ id: messageId, body }));
    const { parked, failed } = await parker.park(records);
    telemetry.publishParked(parked);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  });
