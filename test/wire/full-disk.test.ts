import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { startWireWorld } from './wire-world.ts';

/** More than the state file has room for in what it owns already. */
const NEW_ROLES = 200;
/** SQLite writes up to 4 MB into its log before it needs less again. */
const DISK_BYTES = 16 * 1024 * 1024;
/** So few that what is left over is less than a page of SQLite. */
const BALLAST_BYTES = 1024;

/** A way in which there is no room, until there is. */
interface Fullness extends Disposable {
  begin(): void;
  end(): void;
}

/** SQLite may take no further page, in every connection that is open: works wherever tests run. */
function pageLimit(): Fullness {
  const prepared = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const limit = (pages: number): void => {
    for (const database of new Set(prepared.mock.contexts)) {
      if (database instanceof DatabaseSync) database.exec(`PRAGMA max_page_count = ${pages}`);
    }
  };
  // SQLite rounds up to as many pages as the file has.
  return { begin: () => limit(1), end: () => limit(1_000_000), [Symbol.dispose]: () => prepared.mockRestore() };
}

/** A disk of its own, so small that it can be filled; undefined where nobody may mount one. */
function smallDisk(): Fullness | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  // The world makes its folder there.
  vi.stubEnv('TMPDIR', folder);
  const ballast = join(folder, 'ballast');
  return {
    begin() {
      try {
        for (;;) writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES), { flag: 'a' });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    },
    end: () => rmSync(ballast),
    [Symbol.dispose]() {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}

afterEach(() => vi.unstubAllEnvs());

test.for([
  ['a state file that may not grow', pageLimit],
  ['a full disk', smallDisk],
] as const)('%s is told in a sentence, and when there is room the pair ends in sync', async ([, begin], { skip }) => {
  using fullness = begin();
  if (fullness === undefined) return skip('nobody may mount a disk here');
  await using wire = await startWireWorld();
  const { world, servers } = wire;
  await wire.untilEqual();

  fullness.begin();
  wire.edit(0);
  const primary = servers.primary.organization('acme');
  for (let n = 0; n < NEW_ROLES; n += 1) primary.putRole(`new${n}`, { description: 'new' });
  await world.until('the full disk is told', () => world.log.some((line) => /chef-sync\.db cannot grow/.test(line)));
  expect(world.log.filter((line) => / error /.test(line) && /\n\s+at /.test(line))).toEqual([]);

  fullness.end();
  await wire.untilEqual();
  wire.expectEqualSides();
});
