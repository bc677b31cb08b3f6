import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { openAwsControl } from '../lib/runtime/aws-control.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const control = openAwsControl(telemetry.logOf);

/** Does what an operator asks. */
export const handler = middy()
  .use(injectLambdaContext(telemetry.logger))
  .handler((event: unknown) => control(event));
