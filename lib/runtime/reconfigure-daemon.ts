import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Config } from '../config/load-config.ts';
import { runningDaemon } from '../local/claim-daemon.ts';
import { createSqlitePairState, listPairs } from '../local/sqlite-pair-state.ts';
import { openStateFileForReading, type StateFile } from '../local/sqlite-state-file.ts';
import { refusal, SyncError } from '../model/sync-error.ts';
import type { FollowedPair } from './pair-changes.ts';
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

/** What became of the configuration; `another file`: the daemon follows one with another text. */
export type TakeOver = 'taken over' | 'another file' | 'not answered' | { readonly refusal: readonly string[] };

/** A daemon takes a configuration over between two polls. */
const ANSWERS_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 100;

/**
 * Tells the daemon with SIGHUP to read its configuration again, and waits until the state file says what became of that. Throws a
 * `SyncError` when the process cannot be told from here: it is none that is seen to be a daemon of chef-sync, and a signal would end it.
 */
export async function reconfigureDaemon(
  pid: number,
  { statePath, textHash }: Pick<Config, 'statePath' | 'textHash'>,
): Promise<TakeOver> {
  if (!/chef-sync-ctl|cli[/\\]start\.[tj]s/.test(commandOf(pid))) {
    throw refusal(
      'DAEMON_OUT_OF_REACH',
      `The daemon (process ${pid}) cannot be told from here, perhaps because it runs in a container: send it SIGHUP yourself, as "systemctl reload chef-sync" does.`,
    );
  }
  const file = openStateFileForReading(statePath);
  try {
    // What it began to read before that may be an older text.
    const from = systemClock.now();
    process.kill(pid, 'SIGHUP');
    while (systemClock.now() < from + ANSWERS_WITHIN_MS) {
      const reload = runningDaemon(file)?.reload;
      if (reload !== undefined && reload.at >= from) {
        const { outcome } = reload;
        if ('refusal' in outcome) return outcome;
        return outcome.textHash === textHash ? 'taken over' : 'another file';
      }
      await systemClock.sleep(LOOK_EVERY_MS);
    }
    return 'not answered';
  } finally {
    file.close();
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
