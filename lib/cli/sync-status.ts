import { once } from 'node:events';
import { Command } from 'commander';
import type { PairCondition } from '../model/pair-condition.ts';
import { systemClock } from '../runtime/system-clock.ts';
import type { PairStatus } from '../sync/pair-status.ts';
import { type Exit, exitCodeHelp, statusExit, worstExit } from './exit-codes.ts';
import { homeAddress } from './home-address.ts';
import { choosePairs, openHome, type StateOptions, withStateOption } from './open-home.ts';
import { printJson } from './print-json.ts';
import { readDuration, readPort } from './read-argument.ts';
import { renderStatusOfOne, renderStatusTable } from './render-status.ts';
import { screenOn } from './screen.ts';
import { serveWebPage } from './serve-web-page.ts';
import { statusJson } from './status-details.ts';
import { takeStopSignals } from './stop-signals.ts';

interface SyncStatusOptions extends StateOptions {
  readonly json?: true;
  /** The port; true for any free one. */
  readonly web?: number | true;
  /** Milliseconds. */
  readonly maxLag?: number;
}

/** `chef-sync-ctl sync-status`; `finish` gets what the status means. */
export function syncStatusCommand(finish: (exit: Exit) => void): Command {
  return withStateOption(new Command('sync-status'))
    .alias('status')
    .summary('show how every pair is')
    .description(
      'Shows how the pairs are, from their state alone: it asks no Chef server, and they may be polled and copied meanwhile.',
    )
    .argument('[pair]', 'REPLICA/DESTINATION, the destination alone, or a glob; default: every pair')
    .option('--json', 'print one JSON object')
    .option('--web [port]', 'serve a page of live status on this machine alone, until Ctrl-C', readPort)
    .option('--max-lag <duration>', 'tolerate changes under way up to this age, like 90s, 10m or 1h30m', readDuration)
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl sync-status
  $ chef-sync-ctl sync-status eu/acme                   one pair, with all details
  $ chef-sync-ctl sync-status --max-lag 10m             as a check of a monitoring system
  $ chef-sync-ctl sync-status --state chef-sync.db      without the configuration
  $ chef-sync-ctl sync-status --web 8080                a page to look at: http://127.0.0.1:8080/
  $ chef-sync-ctl sync-status --stack chef-sync         the pairs of a stack on AWS

Without --max-lag the exit code is 0 only when every pair is in sync. With it, a pair that is copying is good too as
long as its oldest change is no older than that; objects that keep failing, parked objects, held deletes, waiting,
stale, stopped and never polled pairs are not.

Exit codes (of several pairs the worst counts; a pair that is no longer configured does not count):
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting', 'stopped'])}`,
    )
    .action(async (pair: string | undefined, options: SyncStatusOptions) => finish(await syncStatus(pair, options)));
}

async function watch(options: SyncStatusOptions, port: number): Promise<Exit> {
  // What is wrong with the home is told here, not only on the page.
  (await openHome(options)).close();
  const page = await serveWebPage(port, () => openHome(options), homeAddress(options));
  const stop = takeStopSignals(() => undefined);
  try {
    process.stdout.write(`live status: ${page.url}\n`);
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    return 'ok';
  } finally {
    stop.dispose();
    await page.close();
  }
}

/** In these states a daemon is not missed, or the next step names it already. */
const AT_REST: ReadonlySet<PairCondition> = new Set(['stopped', 'never polled', 'no longer configured']);

/** What a poll promised of the next one holds only while there is a daemon. */
const withoutNextPoll = ({ nextPollAt: _, ...status }: PairStatus): PairStatus => status;

async function syncStatus(selector: string | undefined, options: SyncStatusOptions): Promise<Exit> {
  if (options.web !== undefined) return await watch(options, options.web === true ? 0 : options.web);
  const operator = await openHome(options);
  try {
    const pairs = await choosePairs(operator, selector);
    const statuses = await operator.status(pairs.map(({ name }) => name));
    const now = systemClock.now();
    const exit = worstExit(statuses.map((status) => statusExit(status, options.maxLag)));
    if (options.json === true) {
      printJson(exit, { pairs: statuses.map(statusJson) });
    } else {
      const screen = screenOn(process.stdout);
      const { address } = operator;
      const isDaemonMissing = operator.hasDaemon?.() === false;
      const shown = isDaemonMissing ? statuses.map(withoutNextPoll) : statuses;
      const [first, ...others] = shown;
      const isOne = selector !== undefined && first !== undefined && others.length === 0;
      const lines = isOne
        ? renderStatusOfOne(first, now, screen, address)
        : renderStatusTable(shown, now, screen, address);
      for (const line of lines) screen.line(line);
      if (isDaemonMissing && statuses.some(({ condition }) => !AT_REST.has(condition))) {
        screen.line(`no daemon is running: start it with "chef-sync-ctl run${address}"`);
      }
    }
    return exit;
  } finally {
    operator.close();
  }
}
