import { Command, Option } from 'commander';
import type { Operator } from '../runtime/operator.ts';
import { systemClock } from '../runtime/system-clock.ts';
import type { WorkUnderWay } from '../sync/work-under-way.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { formatDuration } from './human-time.ts';
import { readDuration } from './read-argument.ts';
import { screenOn } from './screen.ts';
import { namesOf, type PairsOrAllOptions, type SteerAnswer, steerPairs, withPairsOrAll } from './steer-pairs.ts';
import { takeStopSignals } from './stop-signals.ts';

interface SyncStopOptions extends PairsOrAllOptions {
  /** Milliseconds. */
  readonly timeout: number;
}

const USUAL_TIMEOUT_MS = 60_000;

/** `chef-sync-ctl sync-stop`; `finish` gets how it ended. */
export function syncStopCommand(finish: (exit: Exit) => void): Command {
  return withPairsOrAll(new Command('sync-stop'))
    .summary('stop polling and copying pairs')
    .description(
      'Stops pairs until sync-start: the state file says so, which outlives the daemon and this machine.\n' +
        'Waits until the copies under way have ended. What changes meanwhile is found by the first poll after the start.',
    )
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for copies under way')
        .argParser(readDuration)
        .default(USUAL_TIMEOUT_MS, formatDuration(USUAL_TIMEOUT_MS)),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl sync-stop eu/acme
  $ chef-sync-ctl sync-stop --all --timeout 10m     before maintenance of a server
  $ chef-sync-ctl sync-stop eu/acme --timeout 0s    wait for nothing

Ctrl-C ends the waiting, as its time does; the pairs are stopped all the same.

Exit codes:
${exitCodeHelp(['ok', 'fault', 'refused', 'waiting'])}`,
    )
    .action(async (selectors: readonly string[], options: SyncStopOptions, command: Command) =>
      finish(
        await steerPairs(options, (operator, pairs) =>
          stopPairs(operator, namesOf(pairs, selectors, options, command), options.timeout),
        ),
      ),
    );
}

async function stopPairs(
  operator: Operator,
  pairs: readonly string[],
  timeoutMs: number,
): Promise<readonly SteerAnswer[]> {
  await operator.answer({ command: 'stop', pairs });
  const endsAt = systemClock.now() + timeoutMs;
  const look = async (): Promise<readonly SteerAnswer[]> =>
    (await operator.underWay(pairs)).map((underWay, index) => stoppedAnswer(pairs[index] ?? '', underWay));
  let answers = await look();
  const busy = answers.filter(isAtWork).length;
  if (busy > 0 && timeoutMs > 0) {
    const pairsText = busy === 1 ? 'a pair' : `${busy} pairs`;
    screenOn(process.stderr).line(`${pairsText} still at work, waiting for at most ${formatDuration(timeoutMs)}`);
  }
  const stop = takeStopSignals(() => undefined);
  try {
    while (answers.some(isAtWork) && systemClock.now() < endsAt && !stop.signal.aborted) {
      await systemClock.sleep(operator.lookEveryMs, stop.signal);
      answers = await look();
    }
  } finally {
    stop.dispose();
  }
  return answers;
}

const isAtWork = ({ underWay }: SteerAnswer): boolean => underWay !== undefined;

function stoppedAnswer(pair: string, underWay: WorkUnderWay): SteerAnswer {
  const { isPolling, copies } = underWay;
  if (!isPolling && copies === 0) return { pair, text: 'stopped' };
  const what = copies === 0 ? 'a poll' : copies === 1 ? 'one copy' : `${copies} copies`;
  return { pair, text: `stopped; ${what} under way will still end`, underWay };
}
