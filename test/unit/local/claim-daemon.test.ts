import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDaemon, noteReload, runningDaemon } from '../../../lib/local/claim-daemon.ts';
import { openStateFile, type StateFile } from '../../../lib/local/sqlite-state-file.ts';
import { temporaryStatePath } from '../../support/temporary-state-file.ts';

let path: string;
let remove: () => void;
let file: StateFile;

beforeEach(() => {
  ({ path, remove } = temporaryStatePath());
  file = openStateFile(path, { now: 0 });
});
afterEach(() => {
  file.close();
  remove();
});

describe('claimDaemon', () => {
  it('lets the next daemon in once the first has let go', () => {
    const release = claimDaemon(file, 0);

    const second = () => claimDaemon(file, 1);

    expect(second).toThrow(
      `Another daemon (process ${process.pid}, since 1970-01-01T00:00:00.000Z) works on the state file`,
    );
    release();
    second()();
  });

  it('refuses a second daemon with the process id of the first, until the first is killed', async () => {
    const claimer = fileURLToPath(new URL('../../support/daemon-claimer.ts', import.meta.url));
    const first = spawn(process.execPath, [claimer, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(first, 'close');
    await once(first.stdout, 'data');

    expect(() => claimDaemon(file, 0)).toThrow(
      `Another daemon (process ${first.pid}, since 2030-01-01T00:00:00.000Z) works on the state file ${path}: ` +
        'stop it, let it take over a changed configuration with "chef-sync-ctl reconfigure", or give this one a state file of its own.',
    );

    first.kill('SIGKILL');
    await ended;
    claimDaemon(file, 0)();
  });
});

describe('runningDaemon', () => {
  it('names the daemon and its pairs while it runs, and nobody before and after', () => {
    const before = runningDaemon(file);
    const release = claimDaemon(file, 7, ['eu/acme']);

    const meanwhile = runningDaemon(file);

    release();
    expect(before).toBeUndefined();
    expect(meanwhile).toEqual({ pid: process.pid, startedAt: 7, pairs: ['eu/acme'] });
    expect(runningDaemon(file)).toBeUndefined();
  });

  it('tells what became of a configuration that was read again, until the next daemon', () => {
    const release = claimDaemon(file, 7);
    noteReload(file, { at: 8, outcome: { refusal: ['first'] } });
    noteReload(file, { at: 9, outcome: { textHash: 'ab' } });

    const meanwhile = runningDaemon(file);
    release();
    const releaseNext = claimDaemon(file, 10);

    expect(meanwhile).toMatchObject({ reload: { at: 9, outcome: { textHash: 'ab' } } });
    expect(runningDaemon(file)).not.toHaveProperty('reload');
    releaseNext();
  });
});
