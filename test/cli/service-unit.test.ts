import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { findFolderOf, searchPath } from '../support/find-executable.ts';

const example = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/examples/${name}`, import.meta.url)), 'utf8');
const unit = example('chef-sync.service');
const execute = promisify(execFile);
const analyze = findFolderOf(['systemd-analyze'], searchPath());

test('systemd unit and container start the same daemon on the same configuration, and give it the same place for its state', () => {
  const container = example('Containerfile');
  expect(unit).toMatch(/^ExecStart=\S+\/chef-sync-ctl run --quiet --config \/etc\/chef-sync\/chef-sync\.yaml$/m);
  expect(container).toContain('ENTRYPOINT ["chef-sync-ctl"]\nCMD ["run", "--config", "/etc/chef-sync/chef-sync.yaml"]');
  for (const text of [unit, container]) expect(text).toContain('local: { state: /var/lib/chef-sync/chef-sync.db }');
  expect(unit).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
});

test('the container is packed with the compiler, whose program for this machine npm counts as optional', () => {
  const [, install = ''] = /^RUN (npm ci .*) && npm pack/m.exec(example('Containerfile')) ?? [];
  expect(install).not.toMatch(/omit/);
});

if (analyze === undefined) {
  console.log('The systemd unit is not checked: there is no systemd-analyze (install: apt-get install systemd).');
} else {
  describe('systemd-analyze', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chef-sync-unit-'));
    const file = join(folder, 'chef-sync.service');
    // It looks whether the program is there; on this machine the package is not installed.
    writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
    afterAll(() => rmSync(folder, { recursive: true }));

    test('finds no mistake in the unit', async () => {
      const { stdout, stderr } = await execute(join(analyze, 'systemd-analyze'), ['verify', file]);
      expect(stdout + stderr).not.toContain(file);
    });

    test('calls the service well protected', async () => {
      // An exposure of 2.0 or less of 10; without the lines of protection it is 9.2.
      const args = ['security', '--offline=true', '--threshold=20', '--no-pager', file];
      expect((await execute(join(analyze, 'systemd-analyze'), args)).stdout).toMatch(/Overall exposure level .* OK/);
    });
  });
}
