import { parseArgs } from 'node:util';
import type { FuzzFinding } from './fuzz-target.ts';
import { fuzzTargets } from './targets.ts';

/** Inputs tried before the clock is looked at again; 20 are a moment for every kind. */
const BATCH = 20;
/** Each kind goes on trying after a finding, but the same problem over and over teaches nothing. */
const MOST_FINDINGS = 3;

/** `npm run fuzz -- [--seconds N] [--seed S] [--kind WORDS] [--json]`: tries every kind of input for its share of the time. */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kind: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const firstSeed = Number(values.seed);
const { targets, close } = fuzzTargets();
const chosen = targets.filter(({ kind }) => kind.includes(values.kind));
const findings: FuzzFinding[] = [];
const inputs: Record<string, number> = {};

console.log(`seed ${firstSeed}, ${values.seconds} s`);
for (const target of chosen) {
  const until = performance.now() + (Number(values.seconds) * 1000) / chosen.length;
  let tried = 0;
  let found = 0;
  for (let seed = firstSeed; performance.now() < until && found < MOST_FINDINGS; seed += 1) {
    const { inputs: count, finding } = await target.run({ seed, inputs: BATCH });
    tried += count;
    if (finding === undefined) continue;
    found += 1;
    findings.push(finding);
    console.log(`\n${finding.kind}, seed ${finding.seed}: ${finding.input}\n${finding.problem}\n`);
  }
  inputs[target.kind] = tried;
  console.log(
    `${target.kind.padEnd(28)} ${String(tried).padStart(8)} inputs, ${found === 0 ? 'nothing found' : `${found} findings`}`,
  );
}
await close();
if (values.json) console.log(JSON.stringify({ seed: firstSeed, inputs, findings }));
process.exitCode = findings.length === 0 ? 0 : 1;
