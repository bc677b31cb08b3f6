import { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import type { OnceReport } from '../runtime/local-polls.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { EXIT_CODES, type Exit, exitCodeHelp, onceExit, worstExit } from './exit-codes.ts';
import { DEFAULT_CONFIG, homeAddress } from './home-address.ts';
import { openHome } from './open-home.ts';
import { printJson } from './print-json.ts';
import { readPort } from './read-argument.ts';
import { reloadOnHangup } from './reload-on-hangup.ts';
import { onceJson, renderOnce } from './render-once.ts';
import { screenOn } from './screen.ts';
import { serveWebPage } from './serve-web-page.ts';
import { statusJson } from './status-details.ts';
import { type WatchedRuntime, withWatchedRuntime } from './watch-runtime.ts';

interface RunOptions {
  readonly config: string;
  readonly once?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly web?: number;
}

/** A log line of work under way at most this often for each pair; a new state is told at once. */
const PLAIN_PROGRESS_MS = 10_000;

/** `chef-sync-ctl run`; `finish` gets how it ended. */
export function runCommand(finish: (exit: Exit) => void): Command {
  return new Command('run')
    .summary('keep every replica equal to its primary')
    .description(
      'Keeps every replica organization of the configuration equal to its primary, until SIGTERM or Ctrl-C.\n' +
        'With --once: complete passes over every pair, then ends and says what is not in sync.',
    )
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .option('--once', 'end when every pair was looked at completely and everything due was copied')
    .option('--web <port>', 'serve a page of live status on this machine alone', readPort)
    .option('--json', 'print one JSON object at the end')
    .option('--quiet', 'show only warnings, errors and pairs that are not in sync')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl run                                        follow ./chef-sync.yaml until stopped
  $ chef-sync-ctl run --config /etc/chef-sync.yaml --quiet   the same under a service manager
  $ chef-sync-ctl run --web 8080                             with a page of live status: http://127.0.0.1:8080/
  $ chef-sync-ctl run --once                                 for a schedule of your own
  $ chef-sync-ctl run --once --json | jq .exitCode

SIGHUP takes over a changed configuration without a restart: pairs and filters that are new, changed or gone. A wrong one
is refused with the reason (see manager-log), and the running one stays.
The first SIGTERM or Ctrl-C lets the copies under way end, a second one ends at once; nothing is lost either way.
Log lines go to stdout, with --once or --json to stderr. Ledger and cursors are in the state file of the
configuration (local.state), structured logs beside it in STATE-logs.

Exit codes (of several pairs the worst counts; without --once a stop in order is 0):
${exitCodeHelp(['ok', 'fault', 'refused', 'unsynced', 'waiting', 'stopped', 'killed'])}`,
    )
    .action(async (options: RunOptions) => finish(await run(options)));
}

async function run(options: RunOptions): Promise<Exit> {
  const isOnce = options.once === true;
  const isReportOnStdout = isOnce || options.json === true;
  const progress = {
    screen: screenOn(isReportOnStdout ? process.stderr : process.stdout),
    plainEveryMs: PLAIN_PROGRESS_MS,
    isQuiet: options.quiet === true,
    isOnce,
    address: homeAddress(options),
  };
  return await withWatchedRuntime(loadConfig(options.config), progress, async (watched, signal) => {
    watched.log('info', 'started', { pairs: watched.runtime.pairs.length, once: isOnce });
    const exit = await (isOnce ? runOnce : follow)(watched, options, signal);
    watched.log('info', 'ended', { exitCode: EXIT_CODES[exit].code });
    return exit;
  });
}

async function follow(watched: WatchedRuntime, options: RunOptions, signal: AbortSignal): Promise<Exit> {
  const { runtime, view } = watched;
  const page =
    options.web === undefined
      ? undefined
      : await serveWebPage(options.web, () => openHome({ config: options.config }), homeAddress(options));
  if (page !== undefined) watched.log('info', `live status: ${page.url}`);
  const reload = reloadOnHangup(watched, options.config);
  try {
    await runtime.run(signal);
  } finally {
    await page?.close();
    await reload.end();
  }
  await view.stop();
  if (options.json === true) {
    const statuses = await Promise.all(runtime.pairs.map((pair) => pair.status()));
    printJson('ok', { pairs: statuses.map(statusJson) });
  }
  return 'ok';
}

async function runOnce({ runtime, view }: WatchedRuntime, options: RunOptions, signal: AbortSignal): Promise<Exit> {
  const reports = await runtime.runOnce(signal);
  await view.stop();
  const exit = worstExit(reports.map(onceExit));
  if (options.json === true) printJson(exit, { pairs: reports.map(onceJson) });
  else showReports(reports, options);
  return exit;
}

function showReports(reports: readonly OnceReport[], options: RunOptions): void {
  const screen = screenOn(process.stdout);
  for (const report of reports) {
    if (options.quiet === true && onceExit(report) === 'ok') continue;
    for (const line of renderOnce(report, systemClock.now(), screen, homeAddress(options))) screen.line(line);
  }
}
