import { loadConfig } from '../config/load-config.ts';
import type { ObjectLine } from '../model/job.ts';
import { type DemoChange, type DemoServers, startDemoServers } from '../runtime/demo-servers.ts';
import type { LocalPair } from '../runtime/local-pair.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { explainError } from './explain-error.ts';
import { formatDuration } from './human-time.ts';
import { renderStatusTable } from './render-status.ts';
import { type Screen, screenOn } from './screen.ts';
import { takeStopSignals } from './stop-signals.ts';
import { type WatchedRuntime, watchRuntime } from './watch-runtime.ts';

/** The bootstrap takes a few seconds; in a file it is worth several lines. */
const PLAIN_PROGRESS_MS = 500;
/** How often the demo looks whether a change has arrived. */
const LOOK_EVERY_MS = 20;
/** Far more than a change needs: the demo says so and fails rather than wait for ever. */
const PATIENCE_MS = 20_000;

/**
 * Two Chef servers, a bootstrap and three changes, in this process and in under 20 s. Answers 0 when both sides are equal at the end.
 * Leaves nothing behind, also when somebody ends it.
 */
export async function runDemo(): Promise<number> {
  const screen = screenOn(process.stdout);
  const stop = takeStopSignals(() => screen.line('stopping'));
  let servers: DemoServers | undefined;
  try {
    servers = await startDemoServers();
    return (await show(servers, screen, stop.signal)) ? EXIT_CODES.ok.code : EXIT_CODES.fault.code;
  } catch (error) {
    const { exit, lines } = explainError(error, true);
    for (const line of lines) process.stderr.write(`${line}\n`);
    return EXIT_CODES[exit].code;
  } finally {
    stop.dispose();
    await servers?.close();
  }
}

/** Whether both sides were equal at the end. */
async function show(servers: DemoServers, screen: Screen, signal: AbortSignal): Promise<boolean> {
  showTitle('Two Chef servers in this process: signed requests over HTTP, nothing leaves this machine', screen);
  screen.line(`primary  ${servers.primaryUrl}  organization acme, with cookbooks, data bags, roles and environments`);
  screen.line(`replica  ${servers.replicaUrl}  organization acme, empty`);
  showTitle('The whole configuration, chef-sync.yaml', screen);
  screen.line(servers.configText.trimEnd());

  showTitle('Bootstrap: the replica gets everything', screen);
  const watched = watchRuntime(loadConfig(servers.configFile), {
    screen,
    plainEveryMs: PLAIN_PROGRESS_MS,
    isQuiet: false,
    isOnce: false,
    address: '',
  });
  try {
    const [pair] = watched.runtime.pairs;
    if (pair === undefined) throw new Error('the configuration of the demo has no pair');
    await showDaemon(watched, pair, servers.changes, { screen, signal });
    return await showResult(pair, screen);
  } finally {
    await watched.close();
  }
}

/** Runs the daemon until the replica has everything and each change has arrived. */
async function showDaemon(
  { runtime, view }: WatchedRuntime,
  pair: LocalPair,
  changes: readonly DemoChange[],
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<void> {
  const daemon = new AbortController();
  const end = (): void => daemon.abort(signal.reason);
  signal.addEventListener('abort', end);
  const running = runtime.run(daemon.signal);
  // A daemon that fails must not be waited for; its error comes out below.
  running.catch(end);
  try {
    const tookMs = await waitFor(() => isInSync(pair), daemon.signal);
    await view.stop();
    screen.line(`${(await pair.status()).counts.total} objects copied in ${formatDuration(tookMs)}`);

    showTitle('Work on the primary goes on, and the daemon follows its change feed', screen);
    for (const change of changes) await showChange(change, screen, daemon.signal);
    await waitFor(() => isInSync(pair), daemon.signal);
  } finally {
    end();
    await running;
  }
}

function showTitle(text: string, screen: Screen): void {
  screen.line(`\n${screen.paint(`== ${text}`, 'cyan')}`);
}

async function showChange(change: DemoChange, screen: Screen, signal: AbortSignal): Promise<void> {
  change.makeOnPrimary();
  const lagMs = await waitFor(async () => change.isOnReplica(), signal);
  screen.line(`${change.what.padEnd(48)} and is so on the replica ${formatDuration(lagMs)} later`);
}

/** Whether both sides are equal and the pair says so. */
async function showResult(pair: LocalPair, screen: Screen): Promise<boolean> {
  showTitle('Both sides read again and compared, object by object', screen);
  const comparisons = await pair.compare();
  const different = comparisons.filter(({ sign }) => sign !== '=');
  for (const [kind, objects] of Map.groupBy(comparisons, kindWord)) {
    const equal = objects.filter(({ sign }) => sign === '=').length;
    screen.line(`${kind.padEnd(20)} ${String(equal).padStart(3)} of ${String(objects.length).padStart(3)} equal`);
  }
  for (const { sign, path, fields = [] } of different) screen.line(`${sign} ${path} ${fields.join(', ')}`);

  showTitle('chef-sync-ctl sync-status', screen);
  const status = await pair.status();
  for (const line of renderStatusTable([status], systemClock.now(), screen)) screen.line(line);
  screen.line('\nWith servers of your own, in this folder: npx chef-sync-ctl init, and "The first hour" in README.md');
  return different.length === 0 && status.condition === 'in sync';
}

const isInSync = async (pair: LocalPair): Promise<boolean> => (await pair.status()).condition === 'in sync';

const KIND_WORDS: Readonly<Record<string, string>> = {
  cookbooks: 'cookbook versions',
  roles: 'roles',
  environments: 'environments',
};

function kindWord({ path }: ObjectLine): string {
  const [, root = '', , item] = path.split('/');
  return KIND_WORDS[root] ?? (item === undefined ? 'data bags' : 'data bag items');
}

/** How long it took until the condition was true, ms. Throws when it takes too long or the demo is stopped. */
async function waitFor(condition: () => Promise<boolean>, signal: AbortSignal): Promise<number> {
  const startedAt = systemClock.now();
  while (!(await condition())) {
    signal.throwIfAborted();
    if (systemClock.now() - startedAt > PATIENCE_MS) throw new Error('the demo waited too long for the replica');
    await systemClock.sleep(LOOK_EVERY_MS, signal);
  }
  return systemClock.now() - startedAt;
}
