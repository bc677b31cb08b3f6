import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { openAwsStatus } from '../lib/runtime/aws-status.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const status = openAwsStatus();

/** Answers an operator how pairs are. Changes nothing. */
export const handler = middy()
  .use(injectLambdaContext(telemetry.logger))
  .handler((event: unknown) => status(event));
