import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../lib/config/load-config.ts';
import { type LocalRuntime, openLocalRuntime } from '../../lib/runtime/local-runtime.ts';
import type { Goiardi } from '../support/goiardi.ts';

/** A pair between two goiardis in a folder of its own, which goes with `close`. */
export function openPair(primary: Goiardi, replica: Goiardi): LocalRuntime & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-bench-'));
  const configFile = writeConfig(folder, primary, replica);
  const runtime = openLocalRuntime(loadConfig(configFile), { logOf: () => () => undefined, isUnpaced: true });
  return {
    ...runtime,
    folder,
    async close() {
      await runtime.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Writes keys and chef-sync.yaml; answers the path of the latter. */
export function writeConfig(folder: string, primary: Goiardi, replica: Goiardi): string {
  writeFileSync(join(folder, 'primary.pem'), primary.adminKeyPem, { mode: 0o600 });
  writeFileSync(join(folder, 'replica.pem'), replica.adminKeyPem, { mode: 0o600 });
  const file = join(folder, 'chef-sync.yaml');
  writeFileSync(
    file,
    [
      'version: 1',
      `primary: { url: "${primary.url}", user: admin, key: { file: primary.pem }, organization: none }`,
      'replicas:',
      `  copy: { url: "${replica.url}", user: admin, key: { file: replica.pem }, organization: none }`,
      'organizations:',
      '  - { replica: copy }',
      '',
    ].join('\n'),
  );
  return file;
}
