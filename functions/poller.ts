import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { openAwsPoller } from '../lib/runtime/aws-poller.ts';
import { openTelemetry } from '../lib/runtime/aws-telemetry.ts';

const telemetry = openTelemetry();
const poller = openAwsPoller(telemetry.logOf);

/** Polls the one pair of a schedule. An error is a fault of ours or of AWS: what Chef servers do wrong is in the pair's state. */
export const handler = middy()
  .use(injectLambdaContext(telemetry.logger))
  .handler(async (event: unknown, context: Context) => {
    const { pair, polls, health } = await poller.poll(event, () => context.getRemainingTimeInMillis());
    const outcomes = polls.map(({ outcome }) => outcome);
    telemetry.logOf(pair)('info', 'polled', { outcome: outcomes.join(', '), lagMs: health.lagMs });
    telemetry.publishHealth(pair, health);
    return { outcomes };
  });
