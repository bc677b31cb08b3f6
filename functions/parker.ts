import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { openAwsParker } from '../lib/runtime/aws-parker.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const parker = openAwsParker(telemetry.logOf, telemetry.log);

/** Parks the objects of dead letters, so that status shows them. Of a batch that fails all comes again: who is parked stays parked. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const records = Records.map(({ messageId, body }) => ({ id: messageId, body }));
    const { parked, problem } = await parker.park(records);
    telemetry.publishParked(parked);
    // Answered as failures of its batch they would be no error of the function, and its alarm would stay silent.
    if (problem !== undefined) throw problem;
    return { batchItemFailures: [] };
  });
