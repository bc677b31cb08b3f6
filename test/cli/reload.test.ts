import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReplicatedServers, startFollowedServers } from './replicated-servers.ts';
import type { CliProcess } from './run-cli.ts';
import { runHere } from './run-here.ts';

let servers: ReplicatedServers;
let daemon: CliProcess;

let stop: () => Promise<void>;
beforeAll(async () => {
  ({ servers, daemon, stop } = await startFollowedServers());
});
afterAll(() => stop());

const rolesOf = (replica: number): ReadonlyMap<string, string> | undefined =>
  servers.replicas[replica]?.organization('acme').dump().roles;
const configText = (): string => readFileSync(servers.configFile, 'utf8');

test('a new pair begins with SIGHUP, and the one that was there notices nothing', async () => {
  servers.configure(['eu', 'us']);
  daemon.kill('SIGHUP');

  await daemon.shows(/manager {2}SIGHUP: us\/acme is added$/m);
  await daemon.shows(/manager {2}SIGHUP: the configuration is taken over added=1 removed=0 changed=0 unchanged=1$/m);
  await expect.poll(() => rolesOf(1)?.size, { timeout: 20_000 }).toBe(3);
  servers.primary.organization('acme').putRole('base', { run_list: ['recipe[base::v2]'] });
  await expect.poll(() => rolesOf(0)?.get('base'), { timeout: 20_000 }).toContain('v2');
  await expect.poll(() => rolesOf(1)?.get('base'), { timeout: 20_000 }).toContain('v2');
});

test('a wrong configuration is refused with its line, and the daemon goes on with the one it has', async () => {
  const right = configText();
  writeFileSync(servers.configFile, right.replace('source: acme', 'source: ACME'));
  daemon.kill('SIGHUP');

  await daemon.shows(/error manager {2}\S+chef-sync\.yaml:\d+:\d+: organizations\.source must be /);
  await daemon.shows(/error manager {2}SIGHUP: the configuration is refused, the running one stays$/m);
  writeFileSync(servers.configFile, right);
  servers.primary.organization('acme').putRole('base', { run_list: ['recipe[base::v3]'] });
  await expect.poll(() => rolesOf(0)?.get('base'), { timeout: 20_000 }).toContain('v3');
});

test('another state file needs a start, and the daemon says so', async () => {
  const right = configText();
  appendFileSync(servers.configFile, 'local: { state: other.db }\n');
  daemon.kill('SIGHUP');

  await daemon.shows(
    /error manager .*keeps its state in \S+chef-sync\.db, .*other\.db \(local\.state\): start it anew/,
  );
  writeFileSync(servers.configFile, right);
});

test('a changed filter holds from the next poll on', async () => {
  const text = configText().replace('replica: all }', 'replica: all, exclude: ["roles/web"] }');
  writeFileSync(servers.configFile, text);
  daemon.kill('SIGHUP');
  await daemon.shows(/SIGHUP: the configuration is taken over added=0 removed=0 changed=2 unchanged=0$/m);

  servers.primary.organization('acme').putRole('web', { run_list: ['recipe[web::v2]'] });
  servers.primary.organization('acme').putRole('base', { run_list: ['recipe[base::v4]'] });

  await expect.poll(() => rolesOf(0)?.get('base'), { timeout: 20_000 }).toContain('v4');
  await expect.poll(() => rolesOf(1)?.get('base'), { timeout: 20_000 }).toContain('v4');
  expect(rolesOf(0)?.get('web')).not.toContain('v2');
});

test('a pair that is gone is polled no more, and its state can be forgotten while the daemon runs', async () => {
  servers.configure(['eu']);
  daemon.kill('SIGHUP');
  await daemon.shows(/manager {2}SIGHUP: us\/acme is removed$/m);

  const forgotten = await runHere('forget', 'us/acme', '--config', servers.configFile);
  servers.primary.organization('acme').putRole('base', { run_list: ['recipe[base::v5]'] });

  expect(forgotten).toMatchObject({ code: 0, stdout: 'us/acme  forgotten; the replica keeps everything\n' });
  await expect.poll(() => rolesOf(0)?.get('base'), { timeout: 20_000 }).toContain('v5');
  expect(rolesOf(1)?.get('base')).toContain('v4');
  daemon.kill('SIGTERM');
  expect(await daemon.ended()).toMatchObject({ code: 0, stderr: '' });
});
