import fc from 'fast-check';

/**
 * Properties are tried on the same inputs in every run, so that a red run tells of the change under test and not of chance: a rare
 * counterexample once turned a change red that had nothing to do with it. `PROPERTY_SEED=7 npm test` tries others; 20,000 inputs for
 * each property were tried once with seeds of the clock.
 */
const seed = Number(process.env['PROPERTY_SEED'] ?? 1);

fc.configureGlobal({ seed });
