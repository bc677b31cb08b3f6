import { Command, InvalidArgumentError } from 'commander';
import { type Bill, type CostLine, monthlyCost, ONE_PAIR, total } from './monthly-cost.ts';
import prices from './prices.json' with { type: 'json' };

/**
 * `npm run cost -- --pairs 10 --objects 10000 --changes 500/day`: what a stack costs in a month, line by line.
 * `--json`: one last line with `idlePairPerMonth`, `stackPerMonth`, `changesPerPairAndMonth`, `bootstrapPerPair`, `perMonth`.
 */
const wholeNumber = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('It must be a whole number.');
  return number;
};

const perDay = (text: string): number => wholeNumber(text.replace(/\/day$/, ''));

const options = new Command('npm run cost --')
  .description('what a stack on AWS costs in a month')
  .option('--pairs <count>', 'organization pairs', wholeNumber, ONE_PAIR.pairs)
  .option('--replicas <count>', 'replica servers', wholeNumber, ONE_PAIR.replicas)
  .option('--objects <count>', 'objects of each organization', wholeNumber, ONE_PAIR.objects)
  .option('--changes <count>/day', 'changes of each organization', perDay, ONE_PAIR.changesPerDay)
  .option('--poll-seconds <seconds>', 'pollSeconds of the configuration', wholeNumber, ONE_PAIR.pollSeconds)
  .option('--kms', 'with a KMS key of your own', false)
  .option('--endpoint-zones <count>', 'availability zones with VPC endpoints (egress: endpoints)', wholeNumber, 0)
  .option('--nat-gateways <count>', 'NAT gateways that exist for this stack alone', wholeNumber, 0)
  .option('--json', 'one line of JSON at the end', false)
  .parse()
  .opts<{
    pairs: number;
    replicas: number;
    objects: number;
    changes: number;
    pollSeconds: number;
    kms: boolean;
    endpointZones: number;
    natGateways: number;
    json: boolean;
  }>();

const bill = monthlyCost({
  pairs: Math.max(1, options.pairs),
  replicas: options.replicas,
  objects: options.objects,
  changesPerDay: options.changes,
  pollSeconds: Math.max(1, options.pollSeconds),
  hasKey: options.kms,
  endpointZones: options.endpointZones,
  natGateways: options.natGateways,
});

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const money = (dollars: number): string => `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`.padStart(10);
const amount = (count: number): string =>
  count.toLocaleString('en-US', { maximumSignificantDigits: 4, useGrouping: true }).padStart(12);

const section = (title: string, lines: readonly CostLine[]): void => {
  print(`\n${title}`);
  for (const { what, count, unit, dollars } of lines)
    print(`${money(dollars)}  ${amount(count)} ${unit.padEnd(10)} ${what}`);
  print(`${money(total(lines))}  in all`);
};

/** What the whole stack costs in a month after its bootstrap. */
const perMonth = ({ stack, idlePair, changes }: Bill): number =>
  total(stack) + options.pairs * (total(idlePair) + total(changes));

print(`Prices of ${prices.region}, ${prices.asOf}: ${prices.source}.`);
section('The stack, each month', bill.stack);
section(`An idle pair of ${options.objects} objects, each month`, bill.idlePair);
section(`${options.changes} changes a day of a pair, each month`, bill.changes);
section('Its bootstrap, once', bill.bootstrap);
print(`\n${money(perMonth(bill))}  each month for ${options.pairs} pairs`);
if (options.json) {
  print(
    JSON.stringify({
      idlePairPerMonth: total(bill.idlePair),
      stackPerMonth: total(bill.stack),
      changesPerPairAndMonth: total(bill.changes),
      bootstrapPerPair: total(bill.bootstrap),
      perMonth: perMonth(bill),
    }),
  );
}
