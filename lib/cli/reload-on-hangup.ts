import { closeSync, openSync } from 'node:fs';
import { loadConfig } from '../config/load-config.ts';
import type { Reload } from '../runtime/local-runtime.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { explainError } from './explain-error.ts';
import { homeAddress } from './home-address.ts';
import type { WatchedRuntime } from './watch-runtime.ts';

/** A daemon that takes over its configuration when it is asked to. */
export interface Reloading {
  /** SIGHUP does again what it does by default. Resolves when a change under way has ended. */
  end(): Promise<void>;
}

/**
 * From now on each SIGHUP reads the configuration again and takes it over, one after the other. A wrong one changes nothing: the running one
 * stays. Either is told in the manager's log. A SIGHUP that says that the terminal of this process is gone ends it as SIGTERM does.
 */
export function reloadOnHangup(watched: WatchedRuntime, configFile: string): Reloading {
  let reloading: Promise<void> = Promise.resolve();
  const listen = (): void => {
    if (isTerminalGone()) return void process.kill(process.pid, 'SIGTERM');
    reloading = reloading.then(() => reload(watched, configFile));
  };
  process.on('SIGHUP', listen);
  return {
    async end() {
      process.off('SIGHUP', listen);
      await reloading;
    },
  };
}

async function reload(watched: WatchedRuntime, configFile: string): Promise<void> {
  const at = systemClock.now();
  const outcome = await takeOver(watched, configFile);
  try {
    watched.runtime.noteReload({ at, outcome });
  } catch (error) {
    // Whoever waits for it is told that it has not answered.
    for (const line of explainError(error, false).lines) watched.log('error', line);
  }
}

async function takeOver({ log, reconfigure }: WatchedRuntime, configFile: string): Promise<Reload['outcome']> {
  try {
    const config = loadConfig(configFile);
    const { added, removed, changed, unchanged } = await reconfigure(config);
    for (const [what, pairs] of Object.entries({ added, removed, changed })) {
      for (const pair of pairs) log('info', `SIGHUP: ${pair} is ${what}`);
    }
    log('info', 'SIGHUP: the configuration is taken over', {
      added: added.length,
      removed: removed.length,
      changed: changed.length,
      unchanged: unchanged.length,
    });
    return { textHash: config.textHash };
  } catch (error) {
    const refusal = explainError(error, false, homeAddress({ config: configFile })).lines;
    for (const line of refusal) log('error', line);
    log('error', 'SIGHUP: the configuration is refused, the running one stays');
    return { refusal };
  }
}

/** Whether this process was started in a terminal that has been closed since; the kernel sends SIGHUP for that too. */
function isTerminalGone(): boolean {
  if (!process.stdout.isTTY) return false;
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}
