import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFolderOf, searchPath } from '../support/find-executable.ts';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { runHere } from './run-here.ts';

const execute = promisify(execFile);
const CLI = fileURLToPath(new URL('../../lib/cli/chef-sync-ctl.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'chef-sync-completion-'));
let servers: ReplicatedServers;

/** A folder for PATH with the command in it, and the script of each shell. */
beforeAll(async () => {
  servers = await startReplicatedServers(['eu', 'us']);
  writeFileSync(join(folder, 'chef-sync-ctl'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(join(folder, 'chef-sync-ctl'), 0o755);
  for (const shell of ['bash', 'zsh', 'fish']) {
    writeFileSync(join(folder, shell), (await runHere('completion', shell)).stdout);
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await servers[Symbol.asyncDispose]();
});

/** What bash offers for the last of these words. */
async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chef_sync_ctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await execute(
    'bash',
    ['--norc', '-c', script, 'bash', join(folder, 'bash'), 'chef-sync-ctl', ...words],
    {
      cwd: folder,
      env: { PATH: [folder, process.env['PATH']].join(delimiter) },
    },
  );
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describe('bash completes', () => {
  test('commands', async () => {
    expect(await complete('sync-')).toEqual(['sync-status', 'sync-log', 'sync-stop', 'sync-start']);
    expect(await complete('')).toContain('completion');
    expect(await complete('stat')).toEqual(['status']);
  });

  test('the options of the command, and the words that an option takes', async () => {
    expect(await complete('run', '--o')).toEqual(['--once']);
    expect(await complete('status', '--we')).toEqual(['--web']);
    expect(await complete('sync-stop', '--t')).toEqual(['--timeout']);
    expect(await complete('unsynced-objects', 'eu/acme', '--only', 'pa')).toEqual(['parked']);
  });

  test('the pairs of the configuration that the command line names', async () => {
    expect(await complete('sync-stop', '--config', servers.configFile, '')).toEqual(['eu/acme', 'us/acme']);
    expect(await complete('check', '--config', servers.configFile, 'e')).toEqual(['eu/acme']);
  });

  test('files where a file is meant, and nothing where there is no configuration', async () => {
    expect(await complete('run', '--config', 'chef')).toEqual(['chef-sync-ctl']);
    expect(await complete('check', '')).toEqual([]);
  });
});

test('what the scripts ask is no topic that the help names or a shell offers', async () => {
  const { stdout } = await runHere('completion', '--help');
  const { code, stderr } = await runHere('completion', 'tcsh');

  expect(stdout).toContain('(choices: "bash", "zsh", "fish")');
  expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(code).toBe(2);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish.');
});

describe('the script is one that the shell can read:', () => {
  const shells = (
    [
      ['zsh', '-n'],
      ['fish', '--no-execute'],
    ] as const
  ).filter(([shell]) => {
    const isInstalled = findFolderOf([shell], searchPath()) !== undefined;
    if (!isInstalled) console.log(`The completion of ${shell} is not run: there is no ${shell}.`);
    return isInstalled;
  });

  const checks: readonly (readonly [string, string])[] = [['bash', '-n'], ...shells];
  test.each(checks)('%s', async (shell, check) => {
    expect(await execute(shell, [check, join(folder, shell)])).toEqual({ stdout: '', stderr: '' });
  });
});
