import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { openAwsInspector } from '../lib/runtime/aws-inspector.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const inspector = openAwsInspector(telemetry.logOf, telemetry.log);

/** Works on one slice of a job. An error is a fault of ours or of AWS: what Chef servers do wrong is a finding of the job. */
export const handler = middy()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event: unknown, context: Context) => {
    const { job, outcome } = await inspector.work(event, () => context.getRemainingTimeInMillis());
    telemetry.log('info', `a slice of a job ended: ${outcome}`, { job });
    return { outcome };
  });
