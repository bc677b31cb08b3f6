import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { monthlyCost, ONE_PAIR, total, type Workload } from '../../cdk/cost/monthly-cost.ts';

const idle = (workload: Partial<Workload>): number => total(monthlyCost({ ...ONE_PAIR, ...workload }).idlePair);
const stack = (workload: Partial<Workload>): number => total(monthlyCost({ ...ONE_PAIR, ...workload }).stack);

describe('the bill', () => {
  test('of an idle pair grows with its objects and with the pace of its polls', () => {
    expect(idle({ objects: 10_000 })).toBeGreaterThan(idle({ objects: 1000 }));
    expect(idle({ pollSeconds: 10 })).toBeGreaterThan(idle({ pollSeconds: 60 }));
    expect(idle({ pollSeconds: 600 })).toBeLessThan(idle({ pollSeconds: 60 }));
  });

  test('of a huge organization is bounded, because an inventory rests 20 times as long as it took', () => {
    expect(idle({ objects: 1_000_000 })).toBeLessThan(3 * idle({ objects: 100_000 }));
  });

  test('of a pair shrinks when pairs share their lanes, whose queues are asked while they are empty', () => {
    expect(idle({ pairs: 200 })).toBeLessThan(idle({ pairs: 1 }));
  });

  test('of the stack counts secrets, alarms, dashboard, key and endpoints', () => {
    const lines = monthlyCost({ ...ONE_PAIR, hasKey: true, endpointZones: 2, natGateways: 1 }).stack.map(
      ({ what }) => what,
    );
    expect(lines.join()).toMatch(/Secrets.*alarms.*dashboard.*KMS key.*VPC endpoints.*NAT/);
    expect(stack({ endpointZones: 2 }) - stack({})).toBeCloseTo(2 * 2 * 730 * 0.01);
    expect(stack({ replicas: 3 }) - stack({ replicas: 1 })).toBeCloseTo(0.8);
  });

  test('of a pair behind a NAT gateway grows with what its inventories read, whatever it is that changes', () => {
    const read = (workload: Partial<Workload>): number => idle({ ...workload, natGateways: 1 }) - idle(workload);
    expect(read({ objects: 10_000 })).toBeGreaterThan(read({ objects: 1_000 }));
    expect(read({ pollSeconds: 300 })).toBeLessThan(read({}));
    expect(stack({ natGateways: 1 }) - stack({})).toBeCloseTo(730 * (0.045 + 0.005));
  });

  test('of a bootstrap behind a NAT gateway counts each object twice there, as it comes and as it goes', () => {
    const bootstrap = (natGateways: number): number =>
      total(monthlyCost({ ...ONE_PAIR, objects: 50_000, natGateways }).bootstrap);
    // A gigabyte of objects.
    expect(bootstrap(1) - bootstrap(0)).toBeCloseTo(2 * 0.045);
  });

  test('of changes and bootstrap is in proportion to the objects that are copied', () => {
    const bill = monthlyCost({ ...ONE_PAIR, objects: 2000, changesPerDay: 10 });
    const half = monthlyCost({ ...ONE_PAIR, objects: 1000, changesPerDay: 5 });
    expect(total(bill.bootstrap)).toBeCloseTo(2 * total(half.bootstrap));
    expect(total(bill.changes)).toBeCloseTo(2 * total(half.changes));
  });
});

test('npm run cost prints every line with its count, and one last line for machines', () => {
  const printed = execFileSync(
    process.execPath,
    ['cdk/cost/cost.ts', '--pairs', '10', '--objects', '10000', '--changes', '500/day', '--json'],
    { encoding: 'utf8' },
  );
  expect(printed).toMatch(/\$ *\d+\.\d+ +[\d,]+ requests +SQS empty receives/);
  const last: unknown = JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '');
  expect(last).toMatchObject({ idlePairPerMonth: idle({ pairs: 10, objects: 10_000 }), perMonth: expect.any(Number) });
});
