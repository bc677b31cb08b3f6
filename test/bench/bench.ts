import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { connectChefOrg } from '../contract/connect-chef-org.ts';
import { type Goiardi, isGoiardiInstalled, startGoiardi } from '../support/goiardi.ts';
import { openPair, writeConfig } from './local-pair.ts';
import { countRequests } from './request-counts.ts';
import { prepareFloor } from './request-floor.ts';
import {
  BAGS,
  COOKBOOK_VERSIONS,
  cookbook,
  ENVIRONMENTS,
  fill,
  ITEMS,
  putCookbooks,
  ROLES,
} from './thousand-objects.ts';

/**
 * `npm run bench`: what a bootstrap of 1,020 objects takes from goiardi to goiardi, both on PostgreSQL, against the floor of its requests
 * in the same run; what an unchanged inventory asks; how much memory a large cookbook takes. `--json`: one last line with the figures.
 */
const FLOOR_IN_FLIGHT = [8, 16, 32];
/** Times that floor and product take turns. */
const TURNS = 3;
const OBJECTS = BAGS + ITEMS + ROLES + ENVIRONMENTS + COOKBOOK_VERSIONS;
const LARGE_FILES = 20;
const LARGE_FILE_BYTES = 9_000_000;

if (!isGoiardiInstalled()) {
  process.stderr.write('The benchmark needs goiardi and PostgreSQL: apt-get install goiardi postgresql\n');
  process.exit(1);
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const adminOf = (server: Goiardi) =>
  connectChefOrg({ url: server.url, user: 'admin', keyPem: server.adminKeyPem, organization: null });

const primary = await startGoiardi();
const seeding = adminOf(primary);
await fill(seeding.org);
await seeding.close();

const counts = countRequests();
const never = new AbortController().signal;

const floors: { readonly inFlight: number; readonly ms: number; readonly requests: number }[] = [];
const runFloor = async (inFlight: number): Promise<void> => {
  const replica = await startGoiardi();
  const floor = await prepareFloor(primary, replica);
  floors.push({ inFlight, ms: await floor.run(inFlight), requests: floor.requests });
  await replica.stop();
};

const runs: { readonly ms: number; readonly requests: number; readonly byKind: readonly string[] }[] = [];
let unchanged = { names: 0, contents: 0 };
const runProduct = async (): Promise<void> => {
  const replica = await startGoiardi();
  const pair = openPair(primary, replica);
  counts.reset();
  const startedAt = performance.now();
  const [report] = await pair.runOnce(never);
  const ms = performance.now() - startedAt;
  if (report?.status.condition !== 'in sync') throw new Error(`the pair is not in sync: ${report?.status.text}`);
  runs.push({ ms, requests: counts.total(), byKind: perObject([primary.url, replica.url]) });
  counts.reset();
  await pair.runOnce(never);
  const of = (path: RegExp): number => counts.matching(primary.url, path);
  const contents = of(/\/search\//) + of(/cookbooks\/[^/]+\/[\d.]+$/) + of(/(cookbooks\?num_versions=all|\/data)$/) / 2;
  unchanged = { contents: contents + 1, names: of(/./) - contents };
  await pair.close();
  await replica.stop();
};

function perObject(origins: readonly string[]): readonly string[] {
  const of = (path: RegExp): number => origins.reduce((sum, origin) => sum + counts.matching(origin, path), 0);
  const kinds: readonly (readonly [string, number, RegExp])[] = [
    ['data bag items', ITEMS, /^(GET|PUT) \/data\/[^/]+\/[^/]+$|^POST \/data\/[^/]+$/],
    ['roles', ROLES, /^(GET|PUT) \/roles\/|^POST \/roles$/],
    ['environments', ENVIRONMENTS, /^(GET|PUT) \/environments\/env|^POST \/environments$/],
    ['cookbook versions', COOKBOOK_VERSIONS, /^(GET|PUT) \/cookbooks\/[^/]+\/|sandboxes/],
    ['their files', COOKBOOK_VERSIONS, /file_store/],
    ['data bags', BAGS, /^GET \/data\/[^/]+$|^POST \/data$/],
  ];
  return kinds.map(([kind, count, path]) => `${kind} ${(of(path) / count).toFixed(1)}`);
}

// The best concurrency first; then floor and product in turn, and the ratio of neighbours: a machine that slows down slows both.
for (const inFlight of FLOOR_IN_FLIGHT) await runFloor(inFlight);
const probes = floors.length;
const best = floors.reduce((fastest, one) => (one.ms < fastest.ms ? one : fastest)).inFlight;
for (let turn = 0; turn < TURNS; turn += 1) {
  await runFloor(best);
  await runProduct();
}
const ratios = runs.map(({ ms }, turn) => ms / (floors[probes + turn]?.ms ?? Number.NaN));
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const floorMs = median(floors.slice(probes).map(({ ms }) => ms));
const runMs = median(runs.map(({ ms }) => ms));
const requests = runs[0]?.requests ?? 0;
const memory = await largeCookbook();

const floorRatio = median(ratios);
print(`bootstrap of ${OBJECTS} objects, goiardi to goiardi on PostgreSQL`);
print(
  `  wall time              ${(runMs / 1000).toFixed(1)} s (runs: ${runs.map(({ ms }) => (ms / 1000).toFixed(1)).join(', ')})`,
);
print(`  requests               ${requests}, ${((requests / runMs) * 1000).toFixed(0)} per second`);
print(`  requests per object    ${(requests / OBJECTS).toFixed(2)} (${runs[0]?.byKind.join(', ')})`);
print(
  `  floor                  ${(floorMs / 1000).toFixed(1)} s for ${floors[0]?.requests} requests, ${best} in flight`,
);
print(
  `                         (${floors.map(({ inFlight, ms }) => `${inFlight}: ${(ms / 1000).toFixed(1)} s`).join(', ')})`,
);
print(
  `  ratio to the floor     ${floorRatio.toFixed(2)} (aim ≤ 1.3; turns: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
);
print('unchanged inventory pass of the primary');
print(`  names                  ${unchanged.names} requests (aim ≤ 30)`);
print(
  `  names and bodies       ${unchanged.contents} requests, ${COOKBOOK_VERSIONS} of them unfrozen cookbook versions (aim ≤ 30 more)`,
);
print(`cookbook of ${LARGE_FILES} files of ${LARGE_FILE_BYTES / 1e6} MB`);
print(
  `  resident memory        ${memory.idle.toFixed(0)} MB idle, ${memory.peak.toFixed(0)} MB at most: ${(memory.peak - memory.idle).toFixed(0)} MB more (aim ≤ 120)`,
);
if (process.argv.includes('--json')) {
  const round = (value: number, digits: number): number => Number(value.toFixed(digits));
  print(
    JSON.stringify({
      floorRatio: round(floorRatio, 3),
      unchangedRequests: unchanged.names,
      unchangedRequestsWithBodies: unchanged.contents,
      requestsPerObject: round(requests / OBJECTS, 2),
      seconds: round(runMs / 1000, 2),
      peakRssMb: round(memory.peak, 0),
      peakRssAboveIdleMb: round(memory.peak - memory.idle, 0),
    }),
  );
}
await primary.stop();
process.exit(0);

/** Memory of a process that copies one cookbook of large files, after it has copied the small objects of an empty organization. */
async function largeCookbook(): Promise<{ readonly idle: number; readonly peak: number }> {
  const [source, replica] = [await startGoiardi(), await startGoiardi()];
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-bench-'));
  const config = writeConfig(folder, source, replica);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'copy-large-cookbook.ts'), config], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const files = Array.from({ length: LARGE_FILES }, () => randomBytes(LARGE_FILE_BYTES));
  const admin = adminOf(source);
  await putCookbooks(admin.org, [cookbook('large', '1.0.0', files)]);
  await admin.close();
  child.stdin.write('go\n');
  const answer = z
    .object({ idle: z.number(), peak: z.number(), status: z.literal('in sync') })
    .parse(JSON.parse(String((await lines.next()).value)));
  await Promise.all([source.stop(), replica.stop()]);
  rmSync(folder, { recursive: true });
  return answer;
}
