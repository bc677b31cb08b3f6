import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { claimDaemon } from '../../lib/local/claim-daemon.ts';
import { openStateFileForSteering } from '../../lib/local/sqlite-state-file.ts';
import { type FunctionWorld, startFunctionWorld } from '../assembly/function-world.ts';
import { hasTerminals, onTerminal } from './on-terminal.ts';
import { type ReplicatedServers, startFollowedServers, startReplicatedServers } from './replicated-servers.ts';
import { type CliProcess, runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

describe('on this machine', () => {
  let servers: ReplicatedServers;
  let daemon: CliProcess;

  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ servers, daemon, stop } = await startFollowedServers());
  });
  afterAll(() => stop());
  const reconfigure = () => runHere('reconfigure', '--config', servers.configFile);

  test('shows what a new configuration changes, and the daemon follows it at once', async () => {
    servers.configure(['eu', 'us']);

    const added = await reconfigure();

    expect(added).toEqual({
      code: 0,
      stderr: '',
      stdout: `+ us/acme  added
1 pair copies the same objects as before; all other settings of the file, like servers, keys and pollSeconds, are taken over too
the daemon (process ${daemon.pid}) has taken it over
`,
    });
    await daemon.shows(/info {2}us\/acme {2}in sync/);
    const text = readFileSync(servers.configFile, 'utf8');
    writeFileSync(servers.configFile, text.replace('replica: all }', 'replica: eu, exclude: ["roles/web"] }'));
    const changed = await reconfigure();
    // An unused replica is worth a warning.
    expect(changed.stderr).toMatch(/^WARNING .*no organization is copied to the replica "us"/);
    expect(changed.stdout).toMatch(
      /^\* eu\/acme {2}filter changed: .*\n- us\/acme {2}removed; its replica stays as it is\n/,
    );
    const status = await runHere('sync-status', '--config', servers.configFile);
    expect(status.stdout).toMatch(/^us\/acme +no longer configured/m);
    writeFileSync(servers.configFile, text);
    await reconfigure();
  });

  test('the daemon answers where nobody reads its logs', async () => {
    rmSync(`${servers.stateFile}-logs`, { recursive: true });

    const { code, stdout } = await reconfigure();

    expect(stdout).toContain(`the daemon (process ${daemon.pid}) has taken it over\n`);
    expect(code).toBe(0);
  });

  test('a configuration that the daemon does not follow is not taken over, whatever the daemon says of its own', async () => {
    const other = join(servers.folder, 'other.yaml');
    writeFileSync(other, readFileSync(servers.configFile, 'utf8').replace('pollSeconds: 1', 'pollSeconds: 2'));

    const { code, stderr } = await runHere('reconfigure', '--config', other);

    expect(code).toBe(2);
    expect(stderr).toBe(
      `chef-sync-ctl: The daemon (process ${daemon.pid}) follows another configuration than this one, and has read that again: change it, or name it with --config.\n`,
    );
  });

  test('what the daemon refuses is told with its reason', async () => {
    await using others = await startReplicatedServers(['eu']);
    const claimer = fileURLToPath(new URL('../support/daemon-claimer.ts', import.meta.url));
    // It is seen to be a daemon by the words of its command line.
    const refusing = spawn(process.execPath, [claimer, others.stateFile, 'chef-sync-ctl'], { stdio: 'pipe' });
    await once(refusing.stdout, 'data');

    const { code, stdout, stderr } = await runHere('reconfigure', '--config', others.configFile);
    refusing.kill('SIGKILL');
    await once(refusing, 'close');

    expect(code).toBe(2);
    expect(stdout).toMatch(/\nno key can be read\n$/);
    expect(stderr).toBe(`chef-sync-ctl: The daemon (process ${refusing.pid}) refuses it and goes on as before.\n`);
  });

  test('a wrong configuration is refused with its line, and the daemon is not told', async () => {
    const text = readFileSync(servers.configFile, 'utf8');
    writeFileSync(servers.configFile, text.replace('source: acme', 'source: ACME'));
    const wrong = await reconfigure();
    writeFileSync(servers.configFile, text);

    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/chef-sync\.yaml:\d+:\d+: organizations\.source must be /);
  });

  test('without a daemon the next run takes it over', async () => {
    await using others = await startReplicatedServers(['eu']);

    expect(await runHere('reconfigure', '--config', others.configFile)).toEqual({
      code: 0,
      stderr: '',
      stdout: `+ eu/acme  added
all other settings of the file, like servers, keys and pollSeconds, are taken over too
no daemon is running: the next "chef-sync-ctl run" takes it over
`,
    });
  });

  test('a process that is not seen to be a daemon of ours gets no signal', async () => {
    await using others = await startReplicatedServers(['eu']);
    await runHere('run', '--once', '--config', others.configFile);
    const file = openStateFileForSteering(others.stateFile);
    // This process is no daemon, and the signal would end it.
    const release = claimDaemon(file, Date.now(), ['eu/acme']);

    const { code, stderr } = await runCli('reconfigure', '--config', others.configFile);
    release();
    file.close();

    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^chef-sync-ctl: The daemon \(process \d+\) cannot be told from here, .*: send it SIGHUP yourself/,
    );
  });
});

describe('on AWS', () => {
  let world: FunctionWorld;
  let folder: string;
  let configFile: string;

  /** Stands in for `npx`: writes down what it was asked and ends with the code that the test wants. */
  const npx = (code: number): void => {
    const file = join(folder, 'npx');
    writeFileSync(file, `#!/bin/sh\necho "$PWD: npx $*" > "${folder}/asked"\necho deploying\nexit ${code}\n`);
    chmodSync(file, 0o755);
  };
  const asked = (): string => readFileSync(join(folder, 'asked'), 'utf8');
  const reconfigure = (...args: readonly string[]) => runCli('reconfigure', '--config', configFile, ...args);

  beforeAll(async () => {
    world = await startFunctionWorld();
    folder = mkdtempSync(join(tmpdir(), 'chef-sync-reconfigure-'));
    configFile = join(folder, 'chef-sync.yaml');
    const server = (name: string) => ({ url: `https://${name}.example.com`, user: 'sync', key: { secret: name } });
    writeFileSync(
      configFile,
      stringify({
        version: 1,
        primary: server('chef'),
        replicas: { eu: server('eu'), us: server('us') },
        organizations: [
          { source: 'acme', replica: 'eu', exclude: ['roles/web'] },
          { source: 'acme', replica: 'us' },
        ],
      }),
    );
    vi.stubEnv('PATH', [folder, process.env['PATH'] ?? ''].join(delimiter));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => world.lambda.failWith(undefined));

  test('shows what would change of the stack and deploys it', async () => {
    npx(0);

    const { code, stdout } = await reconfigure('--stack', 'stack', '--yes');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^\* eu\/acme {2}filter changed: .*\n\+ us\/acme {2}added\nall other settings .*\n$/);
    expect(asked()).toMatch(
      new RegExp(`: npx cdk deploy -c config=${configFile} -c stack=stack --require-approval never\n$`),
    );
    const json = await reconfigure('--stack', 'stack', '--yes', '--json');
    expect(json.stderr).toMatch(/^deploying$/m);
    expect(JSON.parse(json.stdout)).toMatchObject({
      changes: [
        { pair: 'eu/acme', change: 'filter changed' },
        { pair: 'us/acme', change: 'added' },
      ],
      outcome: 'deployed',
    });
  });

  test('a deployment that fails is told, and a stack that is not there yet is all new', async () => {
    npx(1);

    const { code, stdout, stderr } = await reconfigure('--stack', 'new', '--yes');

    expect(code).toBe(4);
    expect(stdout).toMatch(/^the stack new is not deployed yet\n\+ eu\/acme {2}added\n\+ us\/acme {2}added\n/);
    expect(stderr).toBe(
      'deploying\nchef-sync-ctl: The deployment of new failed (exit code 1): correct what it says above, and run it again.\n',
    );
  });

  test.runIf(hasTerminals)('who does not agree to a deployment has nothing deployed, and is told so', async () => {
    npx(0);
    rmSync(join(folder, 'asked'), { force: true });

    const { code, shown } = await onTerminal(
      ['reconfigure', '--config', configFile, '--stack', 'stack'],
      [[/Deploy the stack stack\?/, 'no']],
    );

    expect(shown).toContain('nothing is deployed');
    expect(code).toBe(2);
    expect(existsSync(join(folder, 'asked'))).toBe(false);
  });

  test('a configuration that is named is meant for this machine, whatever stack the environment names', async () => {
    await using others = await startReplicatedServers(['eu']);
    vi.stubEnv('CHEF_SYNC_STACK', 'stack');

    const here = await runHere('reconfigure', '--config', others.configFile);
    vi.stubEnv('CHEF_SYNC_STACK', undefined);

    expect(here).toMatchObject({ code: 0, stdout: expect.stringContaining('no daemon is running') });
  });

  test('nothing is deployed without a word of agreement, nor with a configuration of this machine', async () => {
    expect((await reconfigure('--stack', 'stack')).stderr).toContain(
      'there is no terminal to ask on; say --yes to deploy',
    );
    expect((await reconfigure()).stderr).toContain('is a configuration for AWS: name its stack with --stack NAME.');
    const file = join(folder, 'local.yaml');
    writeFileSync(file, readFileSync(configFile, 'utf8').replaceAll('secret: ', 'file: '));
    expect((await runCli('reconfigure', '--config', file, '--stack', 'stack', '--yes')).stderr).toContain(
      'names a file of this machine, which no Lambda can read',
    );
  });
});
