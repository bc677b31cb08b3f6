import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type CostLine, monthlyCost, ONE_PAIR, total, type Workload } from '../../cdk/cost/monthly-cost.ts';

const page = readFileSync('docs/cost-and-limits.md', 'utf8');
const readme = readFileSync('README.md', 'utf8');

const bill = (workload: Partial<Workload> = {}) => monthlyCost({ ...ONE_PAIR, ...workload });
const idle = (workload: Partial<Workload>): number => total(bill(workload).idlePair);
const stack = (workload: Partial<Workload>): number => total(bill(workload).stack);

const dollars = (lines: number | readonly CostLine[]): string =>
  `$${(typeof lines === 'number' ? lines : total(lines)).toFixed(2)}`;

const POLLED_OFTEN = idle({ pollSeconds: 10 }) - idle({});

test.each([
  ['the stack itself: secrets, alarms, dashboard, dead letters', dollars(bill().stack)],
  ['an idle pair of 100 objects, polled every minute', dollars(idle({ objects: 100 }))],
  ['an idle pair of 1,000 objects, polled every minute', dollars(idle({}))],
  ['the same, polled every five minutes', dollars(idle({ pollSeconds: 300 }))],
  ['an idle pair of 10,000 objects, polled every minute', dollars(idle({ objects: 10_000 }))],
  ['an idle pair of 100,000 objects, polled every minute', dollars(idle({ objects: 100_000 }))],
  ['500 changes a day', dollars(bill({ changesPerDay: 500 }).changes)],
  ['a bootstrap of 10,000 objects, once', dollars(bill({ objects: 10_000 }).bootstrap)],
  ['`pollSeconds: 10` in place of 60, for each pair', `${dollars(POLLED_OFTEN)} more`],
  ['a KMS key', dollars(stack({ hasKey: true }) - stack({}))],
  ['and for each pair', dollars(idle({ hasKey: true }) - idle({}))],
  ['`egress: endpoints` in two zones', dollars(stack({ endpointZones: 2 }) - stack({}))],
  ['a NAT gateway with its public address, where none exists', dollars(stack({ natGateways: 1 }) - stack({}))],
  [
    'and for each idle pair of 1,000 objects, polled every minute, what is read through it',
    dollars(idle({ natGateways: 1 }) - idle({})),
  ],
])('the page on costs says what npm run cost does: %s', (what, amount) => {
  expect(page).toContain(`| ${what} | ${amount} |`);
});

test('the page on costs has the price of a line that it names', () => {
  const receives = bill().idlePair.find(({ what }) => what.includes('empty receives'));
  expect(page).toContain(`${dollars(receives?.dollars ?? 0)} a month for each`);
  const metric = bill().idlePair.find(({ what }) => what.includes('LagSeconds'));
  expect(page).toContain(`${dollars(metric?.dollars ?? 0)} a month`);
});

test('the README says about what an idle pair and its stack cost', () => {
  const about = Math.round(10 * idle({})) / 10;
  expect(readme).toContain(`costs about ${dollars(about)} a month beside the ${dollars(stack({}))} of the stack`);
});

test('the page on limits has the bill of the largest stack', () => {
  const workload = { pairs: 1_000, objects: 100_000, changesPerDay: 500 };
  const { stack: own, idlePair, changes } = bill(workload);
  const perMonth = total(own) + workload.pairs * (total(idlePair) + total(changes));
  const about = (Math.round(perMonth / 100) * 100).toLocaleString('en-US');
  expect(page).toContain(
    `\`npm run cost -- --pairs 1000 --objects 100000 --changes 500/day\` says about $${about} a month`,
  );
});
