import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A vitest `globalSetup`: whatever a run puts into the folder for temporary files, CDK and child processes too, is in one folder of its own,
 * which is gone when the run ends. So no test has to remember what the libraries that it uses leave behind.
 */
export default function giveTemporaryFolder(): () => void {
  const before = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-tests-'));
  // Servers that refuse to run as root have their folders in it.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    // A server that was told to stop may still write its last lines.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
}
