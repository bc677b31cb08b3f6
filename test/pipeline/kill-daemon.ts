import { bootstrapUnderKills } from './killed-daemon.ts';

// Kills the daemon 50 times during a bootstrap of 1,000 objects and prints what came of it. Run by hand:
// node test/pipeline/kill-daemon.ts [KILLS] [SEED]
const [kills = '50', seed = '1'] = process.argv.slice(2);
const result = await bootstrapUnderKills({
  kills: Number(kills),
  seed: Number(seed),
  onKill: (kill, objects) => console.log(`kill ${kill}: ${objects} objects on the replica`),
});
console.log(JSON.stringify(result, null, 2));
const isGood =
  result.exitCode === 0 && result.areSidesEqual && result.writesAfterSettled + result.writesOfAnotherPass === 0;
process.exitCode = isGood ? 0 : 1;
