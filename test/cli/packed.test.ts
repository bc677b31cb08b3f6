import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { startReplicatedServers } from './replicated-servers.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);
/** As on a machine with Node 24 and nothing of this checkout. */
const ENVIRONMENT = {
  HOME: process.env['HOME'],
  PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
  NO_COLOR: '1',
};

const lockShape = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string(), dev: z.boolean().optional(), optional: z.boolean().optional() }),
  ),
});
const packageShape = z.looseObject({ version: z.string() });
const ownShape = packageShape.extend({
  dependencies: z.record(z.string(), z.string()),
  bundleDependencies: z.array(z.string()),
});

const readJson = <Shape extends z.ZodType>(shape: Shape, file: string): z.output<Shape> =>
  shape.parse(JSON.parse(readFileSync(file, 'utf8')));

let folder: string;
/** Its own files, without those of the packages that it brings. */
let packed: readonly string[];

/** Packs the checkout and installs the file into an empty folder, on a machine that reaches no registry and has nothing of one. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-packed-'));
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT });
  const [report] = z
    .tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })])
    .parse(JSON.parse(stdout.slice(stdout.indexOf('['))));
  packed = report.files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));

  writeFileSync(join(folder, 'package.json'), '{}');
  const alone = ['--offline', '--cache', join(folder, 'cache'), '--no-audit', '--no-fund', '--cpu=none'];
  await execute('npm', ['install', ...alone, report.filename], { cwd: folder });
});
afterAll(() => rmSync(folder, { recursive: true }));

const IMPORT = /(?:from |import\(|import )'([^']+)'/g;

/** The packages that a program imports, through whatever files of the packed ones. */
function importedPackages(entry: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const files = new Set([entry]);
  // A set goes on with what is added to it meanwhile.
  for (const file of files) {
    for (const [, specifier = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)) {
      if (specifier.startsWith('.')) files.add(join(dirname(file), specifier));
      else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier));
    }
  }
  return packages;
}

/** `@scope/name/file` → `@scope/name`. */
const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** Runs the installed command in a folder of its own. */
const installed = async (...args: readonly string[]): Promise<string> => {
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere, { recursive: true });
  const command = join(folder, 'node_modules', '.bin', 'chef-sync-ctl');
  return (await execute(command, args, { cwd: elsewhere, env: ENVIRONMENT })).stdout;
};

describe('the packed file', () => {
  test('holds the compiled program with its documents, and neither sources nor tests', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'dist/cli/command-line.js',
        'docs/examples/chef-sync.yaml',
        'README.md',
        'CHANGELOG.md',
        'LICENSE',
      ]),
    );
    expect(packed.filter((path) => /\.ts$|^(test|cdk|functions)\/|decisions/.test(path))).toEqual([]);
    expect(packed.filter((path) => path.startsWith('lib/'))).toEqual(['lib/cli/chef-sync-ctl.mjs']);
  });

  test('brings every package that it imports, and nothing of AWS that only the functions need', () => {
    const { dependencies, bundleDependencies } = readJson(ownShape, join(ROOT, 'package.json'));
    const imported = [...importedPackages('dist/cli/chef-sync-ctl.js')].sort();
    expect(Object.keys(dependencies).sort()).toEqual(imported);
    expect(bundleDependencies.toSorted()).toEqual(imported);
  });
});

describe('installed from the packed file into an empty folder, without a registry, chef-sync-ctl', () => {
  test('runs with the very packages that were tested, those of packages too', () => {
    const { packages } = readJson(lockShape, join(ROOT, 'package-lock.json'));
    const tested = Object.entries(packages).filter(([path, { dev, optional }]) => path !== '' && !dev && !optional);
    const own = join(folder, 'node_modules', 'chef-sync');

    const installedVersions = tested.map(([path]) => [
      path,
      readJson(packageShape, join(own, path, 'package.json')).version,
    ]);

    expect(tested.length).toBeGreaterThan(20);
    expect(installedVersions).toEqual(tested.map(([path, { version }]) => [path, version]));
  });

  test('says its version and shows its help', async () => {
    const { version } = readJson(packageShape, join(ROOT, 'package.json'));

    expect(await installed('--version')).toBe(`${version}\n`);
    expect(await installed('--help')).toMatch(/^ {2}sync-status\|status /m);
  });

  test('replicates an organization', async () => {
    await using servers = await startReplicatedServers();

    const stdout = await installed('run', '--once', '--config', servers.configFile);

    expect(stdout).toMatch(/^eu\/acme {2}in sync /);
    expect(servers.replicas[0]?.organization('acme').dump().roles.size).toBe(3);
    expect(readdirSync(join(folder, 'node_modules', 'chef-sync'))).not.toContain('test');
  });
});
