import type { Config } from '../config/load-config.ts';
import { type LocalRuntime, openLocalRuntime, type PairChanges } from '../runtime/local-runtime.ts';
import { openLogs } from '../runtime/open-log.ts';
import { systemClock } from '../runtime/system-clock.ts';
import type { Log } from '../sync/pair-context.ts';
import { followProgress, type ProgressOptions, type ProgressView } from './follow-progress.ts';
import { screenOn } from './screen.ts';
import { showWarnings } from './show-warnings.ts';
import { takeStopSignals } from './stop-signals.ts';

/** The runtime with everybody who watches it: its structured logs, and a person. */
export interface WatchedRuntime {
  readonly runtime: LocalRuntime;
  /** A line about the process itself, in the manager's log and on the screen. */
  readonly log: Log;
  readonly view: ProgressView;
  /** As `LocalRuntime.reconfigure`, with its warnings on the screen, and its limits for the logs. */
  reconfigure(config: Config): Promise<PairChanges>;
  /** Stops the view and closes the runtime; whatever runs must have ended. */
  close(): Promise<void>;
}

/** What the manager's lines are called on the screen, in the place of a pair. */
const MANAGER = 'manager';

/** Opens runtime and logs of a configuration, and shows its warnings on stderr. Throws as `openLocalRuntime` and `openLogs` do. */
export function watchRuntime(config: Config, options: ProgressOptions): WatchedRuntime {
  showWarnings(config.warnings, screenOn(process.stderr));
  const logs = openLogs(config.statePath, config.logs, (sentence) => show('warn', MANAGER, sentence));
  let view: ProgressView | undefined;
  const show = (level: Parameters<Log>[0], about: string, message: string, fields?: Parameters<Log>[2]): void =>
    view?.log({ at: systemClock.now(), level, about, message, fields });
  const both =
    (about: string, log: Log): Log =>
    (level, message, fields) => {
      log(level, message, fields);
      show(level, about, message, fields);
    };
  const runtime = openLocalRuntime(config, {
    logOf: (pair) => both(pair, logs.of(pair)),
    // A complete pass is what was asked for, whatever the pace of the configuration.
    isUnpaced: options.isOnce,
  });
  view = followProgress(() => runtime.pairs, options);
  const shown = view;
  return {
    runtime,
    view: shown,
    log: both(MANAGER, logs.manager),
    async reconfigure(next) {
      const changes = await runtime.reconfigure(next);
      showWarnings(next.warnings, screenOn(process.stderr));
      logs.keep(next.logs);
      return changes;
    },
    async close() {
      try {
        await shown.stop();
      } finally {
        await runtime.close();
      }
    },
  };
}

/** Watches a runtime while `work` runs it until its end, or until the first SIGTERM or SIGINT, and closes everything. */
export async function withWatchedRuntime<T>(
  config: Config,
  options: ProgressOptions,
  work: (watched: WatchedRuntime, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const watched = watchRuntime(config, options);
  const stop = takeStopSignals((name) =>
    watched.log('info', `${name}: ends when the copies under way have ended; a second one ends at once`),
  );
  try {
    return await work(watched, stop.signal);
  } finally {
    stop.dispose();
    await watched.close();
  }
}
