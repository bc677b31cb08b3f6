import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CTRL_C, hasTerminals, onTerminal } from './on-terminal.ts';
import { startReplicatedServers } from './replicated-servers.ts';
import { runHere } from './run-here.ts';

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

  test('check and plan have a line of the terminal for each object, doctor folds its sentences, and a file gets all of it', async () => {
    await using servers = await startReplicatedServers();
    const config = ['--config', servers.configFile];
    const files = (content: string): Readonly<Record<string, string>> =>
      Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`recipes/step_${n}.rb`, content]));
    servers.primary.organization('acme').putCookbook('apt', '1.0.0', { files: files('# new') });
    servers.replicas[0]?.organization('acme').putCookbook('apt', '1.0.0', { files: files('# old') });
    servers.replicas[0]?.organization('acme').putRole('own', {});

    const whole = await runHere('check', 'eu/acme', ...config);
    const checked = await onTerminal(['check', 'eu/acme', ...config]);
    const planned = await onTerminal(['plan', 'eu/acme', ...config]);
    const examined = await onTerminal(['doctor', ...config]);

    expect(whole.stdout).toContain('recipes/step_7.rb');
    expect(whole.stdout).toMatch(/^eu\/acme {2}.{80,}$/m);
    for (const { shown } of [checked, planned, examined]) {
      for (const line of linesOf(shown)) expect(line.length, line).toBeLessThanOrEqual(80);
    }
    expect(linesOf(checked.shown)).toContainEqual(
      expect.stringMatching(/^\* \/cookbooks\/apt\/1\.0\.0 {2}recipes.*…$/),
    );
    expect(checked.shown.replace(/\s+/g, ' ')).toContain('only on the primary (+), 1 only on the replica (-)');
    expect(linesOf(planned.shown)).toContainEqual(expect.stringMatching(/^upsert +\/cookbooks\/apt\/1\.0\.0 /));
  });

  test('Ctrl-C at a question of init writes nothing', async () => {
    await using servers = await startReplicatedServers();
    const file = join(servers.folder, 'asked.yaml');

    const { code, shown } = await onTerminal(['init', '--config', file], [[/Where does it run/, CTRL_C]]);

    expect(code, shown).toBe(130);
    expect(shown).toContain('Nothing more was done, because not everything was answered.');
    expect(existsSync(file)).toBe(false);
  });

  test('Ctrl-C at a question ends the command, and nothing is deleted', async () => {
    await using servers = await startReplicatedServers();
    expect((await runHere('run', '--once', '--config', servers.configFile)).code).toBe(0);
    servers.replicas[0]?.organization('acme').putRole('extra', {});
    const repair = ['repair', 'eu/acme', '--delete-extra', '--config', servers.configFile];

    const ended = await onTerminal(repair, [[/Delete 1 object of the replica/, CTRL_C]]);

    expect(ended.code, ended.shown).toBe(130);
    expect(ended.shown).toContain('Nothing more was done, because not everything was answered.');
    expect(servers.replicas[0]?.organization('acme').dump().roles.has('extra')).toBe(true);
  });
});

/** What a terminal shows in lines, without what moves its cursor. */
const linesOf = (shown: string): readonly string[] => stripVTControlCharacters(shown).split(/\r?\n|\r/);
