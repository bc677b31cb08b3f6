import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { openAwsControl } from '../lib/runtime/aws-operator.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const control = openAwsControl();

/** Does what an operator asks. */
export const handler = middy()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event: unknown) => {
    const answers = await control(event);
    for (const { pair, text } of answers) telemetry.logOf(pair)('info', `an operator asked: ${text}`);
    return answers;
  });
