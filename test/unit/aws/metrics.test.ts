import { Metrics } from '@aws-lambda-powertools/metrics';
import { afterEach, expect, test, vi } from 'vitest';
import { publishPairMetrics } from '../../../lib/aws/metrics.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a pair that is well tells its lag alone, and one that needs a person says so', () => {
  const said: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const metrics = new Metrics({ namespace: 'ChefSync', serviceName: 'stack' });

  publishPairMetrics(metrics, 'eu/acme', { lagMs: 0, needsAttention: false });
  publishPairMetrics(metrics, 'eu/acme', { lagMs: 61_499, needsAttention: true });

  const [well, bad] = said.map((text): unknown => JSON.parse(text));
  expect(well).toMatchObject({ pair: 'eu/acme', service: 'stack', LagSeconds: 0 });
  expect(well).not.toHaveProperty('NeedsAttention');
  expect(bad).toMatchObject({ pair: 'eu/acme', LagSeconds: 61, NeedsAttention: 1 });
});
