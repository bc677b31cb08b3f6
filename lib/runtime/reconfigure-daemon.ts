import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { runningDaemon } from '../local/claim-daemon.ts';
import { createSqlitePairState, listPairs } from '../local/sqlite-pair-state.ts';
import { openStateFileForReading, type StateFile } from '../local/sqlite-state-file.ts';
import { SyncError } from '../model/sync-error.ts';
import { logFile } from './open-log.ts';
import type { FollowedPair } from './pair-changes.ts';
import { openLogReader } from './read-log.ts';
import { systemClock } from './system-clock.ts';

/** What a state file knows of those who follow its pairs. */
export interface FollowedHere {
  /** The process that runs the pairs, when one does. */
  readonly daemon?: number;
  /** Its pairs; without a daemon those that were ever polled. */
  readonly pairs: readonly FollowedPair[];
}

/** Reads the state file, and nothing when there is none. */
export async function followedHere(statePath: string): Promise<FollowedHere> {
  let file: StateFile;
  try {
    file = openStateFileForReading(statePath);
  } catch (error) {
    if (!(error instanceof SyncError && error.code === 'STATE_FILE_MISSING')) throw error;
    return { pairs: [] };
  }
  try {
    const daemon = runningDaemon(file);
    const names = daemon?.pairs ?? listPairs(file);
    const pairs = await Promise.all(
      names.map(async (name) => ({
        name,
        filterHash: (await createSqlitePairState(file, name).read())?.filterHash,
      })),
    );
    return { ...(daemon !== undefined && { daemon: daemon.pid }), pairs };
  } finally {
    file.close();
  }
}

/** What became of the configuration. */
export type TakeOver = 'taken over' | 'refused' | 'not answered';

/** A daemon takes a configuration over between two polls. */
const ANSWERS_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 100;

/**
 * Tells the daemon with SIGHUP to read its configuration again, and waits for what its log says of that. `onLine` hears those lines. Throws
 * a `SyncError` when the process cannot be told from here: it is none that is seen to be a daemon of chef-sync, and a signal would end it.
 */
export async function reconfigureDaemon(
  pid: number,
  statePath: string,
  onLine: (message: string) => void,
): Promise<TakeOver> {
  if (!/chef-sync-ctl|cli[/\\]start\.[tj]s/.test(commandOf(pid))) {
    throw new SyncError(
      `The daemon (process ${pid}) cannot be told from here, perhaps because it runs in a container: send it SIGHUP yourself, as "systemctl reload chef-sync" does.`,
      { code: 'DAEMON_OUT_OF_REACH', scope: 'pair', retry: 'never' },
    );
  }
  const reader = openLogReader(logFile(statePath));
  const from = systemClock.now();
  try {
    process.kill(pid, 'SIGHUP');
    while (systemClock.now() < from + ANSWERS_WITHIN_MS) {
      for await (const { entry } of reader.added()) {
        // The log has the time in whole milliseconds, and so has the clock.
        if (entry === undefined || entry.at < from) continue;
        if (/^SIGHUP: the configuration is taken over/.test(entry.message)) return 'taken over';
        if (/^SIGHUP: the configuration is refused/.test(entry.message)) return 'refused';
        if (entry.level === 'error') onLine(entry.message);
      }
      await systemClock.sleep(LOOK_EVERY_MS);
    }
    return 'not answered';
  } finally {
    await reader.close();
  }
}

/** The command line of a process; empty when there is none to be seen. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // No Linux, or no such process.
  }
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}
