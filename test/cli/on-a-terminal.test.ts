import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findFolderOf, searchPath } from '../support/find-executable.ts';
import { startReplicatedServers } from './replicated-servers.ts';
import { runHere } from './run-here.ts';

const CLI = fileURLToPath(new URL('../../lib/cli/chef-sync-ctl.ts', import.meta.url));
/** From bsdutils, which every Debian has: runs a command on a terminal of its own. */
const hasTerminals = findFolderOf(['script'], searchPath()) !== undefined;

/** Runs `chef-sync-ctl` on a terminal where somebody types each answer when its question is there. */
async function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
  });
  const waiting = [...answers];
  let shown = '';
  let unanswered = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    unanswered += text;
    const [next] = waiting;
    if (next === undefined || !next[0].test(unanswered)) return;
    waiting.shift();
    unanswered = '';
    child.stdin.write(`${next[1]}\n`);
  });
  const [code] = await once(child, 'close');
  expect(waiting, shown).toEqual([]);
  return { code: typeof code === 'number' ? code : null, shown };
}

describe.runIf(hasTerminals)('on a terminal', () => {
  test('repair --delete-extra shows what only the replica has, and deletes it after a whole yes alone', async () => {
    await using servers = await startReplicatedServers();
    const config = ['--config', servers.configFile];
    expect((await runHere('run', '--once', ...config)).code).toBe(0);
    const replica = servers.replicas[0]?.organization('acme');
    replica?.putRole('extra', {});
    const repair = ['repair', 'eu/acme', '--delete-extra', ...config];

    const refused = await onTerminal(repair, [[/Delete 1 object of the replica/, 'y']]);

    expect(refused.shown).toContain('/roles/extra');
    expect(refused.shown).toContain('nothing is deleted');
    expect(replica?.dump().roles.has('extra')).toBe(true);

    const agreed = await onTerminal(repair, [[/Delete 1 object of the replica/, 'yes']]);

    expect(agreed.code, agreed.shown).toBe(0);
    expect(replica?.dump().roles.has('extra'), agreed.shown).toBe(false);
    expect(replica?.dump().roles.size).toBe(3);
  });

  test('init asks for what a configuration needs and writes it', async () => {
    await using servers = await startReplicatedServers();
    const file = join(servers.folder, 'asked.yaml');

    const { code, shown } = await onTerminal(
      ['init', '--config', file],
      [
        [/Where does it run/, ''],
        [/Address of the primary/, 'https://chef.example.com'],
        [/A name for the replica/, 'eu'],
        [/Address of eu/, 'https://chef-eu.example.com'],
        [/Name of another replica/, ''],
        [/Organization on the primary/, 'acme'],
        [/Its name on the replicas/, ''],
        [/Another organization/, ''],
        [/Chef user/, ''],
      ],
    );

    expect(code, shown).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/url: "?https:\/\/chef-eu\.example\.com/);
    expect(readFileSync(file, 'utf8')).toContain('source: acme');
  });
});
