import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { publishMessagesParked, publishPairMetrics } from '../aws/metrics.ts';
import type { PairHealth } from '../plan/judge-health.ts';
import type { Log } from '../sync/pair-context.ts';
import type { LogOf } from './aws-pair-contexts.ts';

/** Log lines and metrics of one function. Names and levels come from the `POWERTOOLS_` variables. */
export interface Telemetry {
  readonly logger: Logger;
  readonly log: Log;
  readonly logOf: LogOf;
  publishHealth(pair: string, health: PairHealth): void;
  publishParked(messages: number): void;
}

/** Made once per execution environment. Everything goes to standard output, as Lambda wants it. */
export function openTelemetry(): Telemetry {
  const logger = new Logger();
  const metrics = new Metrics();
  const logWith =
    (persistent: Readonly<Record<string, string>>): Log =>
    (level, message, fields = {}) =>
      logger[level](message, { ...persistent, ...fields });
  return {
    logger,
    log: logWith({}),
    logOf: (pair) => logWith({ pair }),
    publishHealth: (pair, health) => publishPairMetrics(metrics, pair, health),
    publishParked: (messages) => publishMessagesParked(metrics, messages),
  };
}
