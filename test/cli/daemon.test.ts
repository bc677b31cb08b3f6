import { describe, expect, test } from 'vitest';
import { createSqlitePairState } from '../../lib/local/sqlite-pair-state.ts';
import { openStateFileForSteering } from '../../lib/local/sqlite-state-file.ts';
import { startReplicatedServers } from './replicated-servers.ts';
import { runCli, startCli } from './run-cli.ts';

/** Lets the minute pass for which a breaker stays open. */
async function endPause(stateFile: string): Promise<void> {
  const file = openStateFileForSteering(stateFile);
  await createSqlitePairState(file, 'eu/acme').update(
    (state) => state?.paused && { ...state, paused: { ...state.paused, until: 0 } },
  );
  file.close();
}

describe('chef-sync-ctl run', () => {
  test('follows the primary, is looked at while it runs, refuses a second one, and ends in order', async () => {
    await using servers = await startReplicatedServers();
    const at = ['--config', servers.configFile];
    const daemon = startCli(['run', ...at]);
    try {
      await daemon.shows(/info {2}eu\/acme {2}in sync {2}names as of /);

      const status = await runCli('sync-status', ...at);
      expect(status.code).toBe(0);
      expect(status.stdout).toMatch(/^PAIR +STATE +LAST POLL +NEXT POLL +LAG +DETAILS$/m);
      expect(status.stdout).toMatch(/^eu\/acme +in sync +\d\d:\d\d:\d\d \(\S+ ago\) .* 0s +names as of /m);

      const unsynced = await runCli('unsynced-objects', 'acme', ...at);
      expect(unsynced).toMatchObject({ code: 0, stdout: 'none\n' });

      const second = await runCli('run', ...at);
      expect(second.code).toBe(2);
      expect(second.stderr).toMatch(
        new RegExp(`^chef-sync-ctl: Another daemon \\(process ${daemon.pid}, since .*\\n$`),
      );

      servers.primary.organization('acme').putRole('web', { run_list: ['recipe[web::v2]'] });
      await expect
        .poll(() => servers.replicas[0]?.organization('acme').dump().roles.get('web'), { timeout: 20_000 })
        .toContain('web::v2');

      daemon.kill('SIGTERM');
      const { code, stdout, stderr } = await daemon.ended();
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/manager {2}SIGTERM: ends when the copies under way have ended/);
      expect(stdout).toMatch(/manager {2}ended exitCode=0\n$/);
      for (const line of stdout.trim().split('\n')) {
        expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info |warn |error) (eu\/acme|manager) {2}\S/);
      }
    } finally {
      daemon.kill('SIGKILL');
    }
  });

  test('ends at once with 130 on a second signal, while a server keeps it waiting', async () => {
    await using servers = await startReplicatedServers();
    const [replica] = servers.replicas;
    const hanging = replica?.faults.when({ method: 'POST', path: /roles/ }, { kind: 'hang' });
    const daemon = startCli(['run', '--config', servers.configFile]);
    try {
      await expect.poll(() => hanging?.hits, { timeout: 20_000 }).toBeGreaterThan(0);

      daemon.kill('SIGINT');
      await daemon.shows(/SIGINT: ends when/);
      daemon.kill('SIGINT');

      expect((await daemon.ended()).code).toBe(130);
    } finally {
      daemon.kill('SIGKILL');
    }
  });

  test('tells of a replica that does not answer, and goes on by itself when it does', async () => {
    await using servers = await startReplicatedServers();
    servers.replicas[0]?.setRights('sync', 'acme', 'not associated');
    const daemon = startCli(['run', '--config', servers.configFile]);
    try {
      await daemon.shows(/warn {2}eu\/acme {2}.*replica/);

      const { code, stdout } = await runCli('sync-status', '--config', servers.configFile);

      expect(code).toBe(4);
      expect(stdout).toMatch(/^eu\/acme +waiting for replica .*waiting for the replica since .*: .*replica/m);

      servers.replicas[0]?.setRights('sync', 'acme', 'admin');
      await endPause(servers.stateFile);
      await daemon.shows(/info {2}eu\/acme {2}the pair goes on: the replica answers again/);
      await daemon.shows(/info {2}eu\/acme {2}in sync/);
      expect(servers.replicas[0]?.organization('acme').dump().roles.size).toBe(3);
    } finally {
      daemon.kill('SIGKILL');
    }
  });
});
